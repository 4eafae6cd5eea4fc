import numpy as np
import pytest
from scipy.sparse import csr_array

from batch.evaluation.examples import _share, like, typical_titles, typical_users
from batch.evaluation.titles import Titles
from batch.features import Features
from tests.builders import anime
from tests.datasets import histories


def kinds(catalogue, watchers):
    found = typical_titles(catalogue, np.array(watchers))
    return {kind: catalogue[column].title for kind, column in found}


def test_the_most_watched_title_of_each_kind_is_shown_once():
    catalogue = (
        anime(1, "Hit", type="TV", year=2015, genres=("Sports",)),
        anime(2, "Second hit", type="TV", year=2016, genres=("Sports",)),
        anime(3, "Film", type="Movie", year=2001),
        anime(4, "Old film", type="Movie", year=1988),
        anime(5, "Hidden", type="Special", year=2010),
    )

    found = kinds(catalogue, [900, 800, 700, 600, 30])

    assert found == {
        "a series that everybody knows": "Hit",
        "a film": "Film",
        "an old classic": "Old film",
        "about sports": "Second hit",
        "few have seen it": "Hidden",
    }


def test_the_brand_new_title_is_the_latest_that_nobody_has_rated():
    catalogue = (anime(1, "Lost", year=1970), anime(2, "New", year=2021), anime(3, "Undated"))

    assert kinds(catalogue, [0, 0, 0])["brand-new, nobody has rated it"] == "New"


def test_a_title_without_a_year_is_no_classic():
    assert "an old classic" not in kinds((anime(1, "Undated"),), [100])


def test_ten_users_are_shown_from_short_to_long_lists_and_none_too_short_to_judge():
    users = {user: [(column, 8, 2) for column in range(user % 50 + 1)] for user in range(200)}
    everybody = histories(users)

    chosen = np.diff(everybody.starts)[typical_users(everybody)]

    assert len(chosen) == 10
    assert 5 <= chosen.min() < 10
    assert chosen.max() > 40


def test_the_users_shown_are_as_many_as_there_are_where_there_are_few():
    everybody = histories({1: [(0, 8, 2)], 2: [(0, 8, 2)]})

    assert typical_users(everybody).all()


TITLES = Titles(
    Features(
        [("genres", "Action"), ("genres", "Drama"), ("genres", "Romance"), ("source", "Manga")],
        csr_array(np.float32([[1, 1, 0, 0, 0], [1, 0, 1, 0, 0], [1, 0, 1, 0, 0], [1, 1, 1, 1, 1]])),
    ),
    np.array([7, 0, 0, 7, 0], np.int32),
)


@pytest.mark.parametrize(("column", "wanted"), [
    (0, [True, False, True, True, False]),  # two genres of three; the franchise
    (1, [True, True, False, False, False]),
    (4, [False, False, False, False, False]),  # no genre, no franchise: nothing is like it
])  # fmt: skip
def test_like_is_what_shares_the_franchise_or_half_of_the_genres(column, wanted):
    assert like(TITLES, column, np.arange(5)).tolist() == wanted


def test_of_no_titles_none_are_like_one():
    assert _share(TITLES, 0, []) == 0
    assert _share(TITLES, 0, [2, 4]) == 0.5
