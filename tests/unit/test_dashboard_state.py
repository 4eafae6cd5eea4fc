"""What pages read from their addresses, and the links that say the same."""

import pytest
from hypothesis import given as given_by
from hypothesis import strategies as st

from api.dashboard import state
from api.dashboard.state import PICKS, Picks
from schemas.errors import InvalidParameterError


def parsed(text):
    return state.settled(state.parse_form(text.encode(), PICKS))


def test_blank_fields_count_as_not_sent():
    assert parsed("q=&year_min=&genres=&likes=") == Picks()


def test_boxes_of_one_name_are_one_list():
    assert parsed("genres=Action&genres=Drama").genres == ("Action", "Drama")


def test_years_the_wrong_way_round_are_meant_the_other_way():
    asked = parsed("year_min=2015&year_max=2010")

    assert (asked.year_min, asked.year_max) == (2010, 2015)


def test_a_title_is_liked_rated_or_not_for_somebody():
    assert [state.given(mark) for mark in ("5", "5:9", "5:x", "5:4x", "5:p")] == [
        {"anime_id": 5},
        {"anime_id": 5, "rating": 9},
        {"anime_id": 5, "status": "dropped"},
        {"anime_id": 5, "rating": 4, "status": "dropped"},
        {"anime_id": 5, "status": "planned"},
    ]


def test_buttons_add_change_and_remove():
    assert parsed("likes=1,2:9&add=3").likes == ("1", "2:9", "3")
    assert parsed("likes=1,2:9&add=2:x").likes == ("1", "2:x")
    assert parsed("likes=1,2:9&remove=2").likes == ("1",)


@pytest.mark.parametrize("mark", ["0", "x", "5:11", "5:", "5:z", "-1", "9999999999", "5:9:9"])
def test_what_is_no_title_is_refused_by_name(mark):
    with pytest.raises(InvalidParameterError, match="likes must be an anime id"):
        parsed(f"likes={mark}")


@pytest.mark.parametrize("text", ["limit=49", "titles=klingon", "colour=red", "q=" + "a" * 101])
def test_what_a_page_does_not_take_is_refused(text):
    with pytest.raises(InvalidParameterError):
        parsed(text)


marks = st.builds(
    lambda number, rating, letter: (
        f"{number}:{rating}{letter}" if rating or letter else f"{number}"
    ),
    st.integers(1, 2**31 - 1),
    st.sampled_from(["", *map(str, range(1, 11))]),
    st.sampled_from(["", *state.STATUS_OF]),
)


@given_by(
    st.lists(marks, max_size=9, unique_by=lambda mark: mark.partition(":")[0]),
    st.lists(st.sampled_from(["Sci-Fi", "Slice of Life", "Boys & Girls"]), unique=True),
    st.integers(0, 10),
    st.sampled_from(["grid", "list"]),
)
def test_a_link_holds_the_whole_state(likes, genres, niche, view):
    picks = Picks(likes=tuple(likes), genres=tuple(genres), niche=niche / 10, view=view)

    assert parsed(state.address("/", picks).partition("?")[2]) == picks
    assert [state.mark_of(state.given(mark)) for mark in likes] == likes


def test_what_is_as_always_is_not_in_a_link():
    assert state.address("/", Picks()) == "/"
    assert state.address("/", Picks(likes=("5:9", "7"), adult=1)) == "/?adult=1&likes=5:9,7"
