import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.insights.genres import genres_of
from batch.insights.tally import tally
from batch.insights.tally_transforms import load, save
from batch.params import ValidationParams
from schemas.records import Status
from tests.datasets import histories, told

GENRES = genres_of([["Action"], ["Action", "Drama"], ["Drama"], ["Hentai"]], [False] * 3 + [True])
DONE = int(Status.COMPLETED)
rows = st.tuples(st.integers(0, 10), st.sampled_from(sorted(Status)))
users = st.dictionaries(st.integers(0, 3), rows, min_size=1).map(
    lambda by: [(column, *row) for column, row in sorted(by.items())]
)
crowds = st.dictionaries(st.integers(0, 99), users, min_size=1, max_size=9)


def counted(some, of=None, sample=1_000):
    return tally(histories(some), GENRES, of or len(some), sample, ValidationParams())


def liking(*columns):
    return [(column, 9, DONE) for column in columns]


def as_lists(found):
    parts = (found.statistics.watchers, found.statistics.raters, found.statistics.rating_sums,
             found.likes, found.fans, found.others, found.crowd)  # fmt: skip
    return [one.tolist() for one in parts], found.people, sorted(told(found.sample))


def test_genres_are_those_of_titles_that_are_not_adult():
    assert GENRES.names == ["Action", "Drama"]
    assert GENRES.titles.toarray().tolist() == [[1, 0], [1, 1], [0, 1], [0, 0]]
    assert GENRES.tame.tolist() == [True, True, True, False]


def test_what_else_fans_like_is_a_mean_over_them_without_the_title_itself():
    found = counted({1: liking(0, 1, 2), 2: liking(0, 1), 3: liking(0)})

    assert found.likes.tolist() == [3, 2, 1, 0]
    assert found.fans.tolist() == [2, 2, 1, 0]
    # Of title 0: 1 likes one with Action and two with Drama else; 2 likes one that is both.
    assert found.shares_of_fans()[0] == pytest.approx([0.75, 1.0])
    assert found.shares_of_fans()[2] == pytest.approx([1.0, 0.5])


def test_the_crowd_is_a_mean_over_people_with_two_likes():
    found = counted({1: liking(0, 1), 2: liking(1, 2), 3: liking(0)})

    assert found.people == 2
    assert found.shares_of_crowd() == pytest.approx([0.75, 0.75])


def test_only_what_is_rated_high_and_not_dropped_is_liked():
    found = counted({1: [(0, 7, DONE), (1, 8, DONE), (2, 9, int(Status.DROPPED))]})

    assert found.likes.tolist() == [0, 1, 0, 0]


def test_adult_titles_count_nowhere():
    found = counted({1: liking(0, 3), 2: liking(0, 1, 3)})

    assert found.statistics.watchers.tolist() == [2, 1, 0, 0]
    assert found.fans.tolist() == [1, 1, 0, 0]
    assert {column for _, liked in told(found.sample) for column, *_ in liked} == {0, 1}


@given(crowds, st.integers(0, 99))
def test_parts_add_up_to_the_same_whatever_they_are(some, cut):
    first = {user: rows for user, rows in some.items() if user < cut}
    second = {user: rows for user, rows in some.items() if user >= cut}
    parts = [counted(part, len(some)) for part in (second, first) if part]

    whole = parts[0] if len(parts) == 1 else parts[0] + parts[1]
    assert as_lists(whole) == as_lists(counted(some))


def test_whom_the_sample_takes_does_not_depend_on_others():
    some = {user: liking(0, 1) for user in range(3_000)}

    whole = counted(some, sample=100).sample.user_ids.tolist()
    half = counted({user: some[user] for user in range(1_500)}, 3_000, 100).sample.user_ids
    assert 50 < len(whole) < 250
    assert half.tolist() == [user for user in whole if user < 1_500]


def test_a_tally_that_was_saved_is_the_same(tmp_path):
    made = counted({1: liking(0, 1, 2), 2: liking(0, 1)})
    save(made, tmp_path / "tally.npz")

    found = load(tmp_path / "tally.npz")

    assert as_lists(found) == as_lists(made)
    assert found.others.dtype == made.others.dtype == np.int64
