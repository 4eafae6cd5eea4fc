from batch.insights.genres import genres_of
from batch.insights.tally import tally
from batch.insights.traits import traits_of
from batch.params import ValidationParams
from schemas.insights import Trait
from tests.builders import anime
from tests.datasets import histories

TITLES = [
    anime(1, genres=("Action",), year=1999, type="TV", studios=("One", "Two")),
    anime(2, genres=("Action", "Drama"), year=2001, type="Movie", studios=("One",)),
    anime(3, genres=("Drama", "Drama"), year=1999, type="TV"),
    anime(4, genres=("Action",), year=1999, type="TV", adult=True),
    anime(5, genres=("Mystery",), year=2020),
]
CROWD = histories({
    1: [(0, 9, 2), (1, 6, 2), (3, 10, 2)],
    2: [(0, 8, 2), (2, 0, 2)],
    3: [(0, 4, 2), (1, 8, 2)],
})  # fmt: skip


def found(support=1):
    genres = genres_of([one.genres for one in TITLES], [one.adult for one in TITLES])
    return traits_of(TITLES, tally(CROWD, genres, 3, 9, ValidationParams()), support)


def test_shares_are_of_all_that_was_watched_and_means_of_ratings():
    # Action: titles 1 and 2, watched five times of six, rated 9, 8, 4, 6, 8.
    assert found().genres == (
        Trait("Action", 2, 0.8333, 5, 7.0, 0.6),
        Trait("Drama", 2, 0.5, 2, 7.0, 0.5),
    )


def test_years_are_in_order_and_other_traits_by_how_much_they_are_watched():
    assert [(one.name, one.ratings) for one in found().years] == [("1999", 3), ("2001", 2)]
    assert [one.name for one in found().types] == ["TV", "Movie"]
    assert [one.name for one in found().studios] == ["One", "Two"]


def test_what_has_too_few_ratings_is_not_told():
    assert [one.name for one in found(support=3).years] == ["1999"]
    assert [one.name for one in found(support=3).genres] == ["Action"]
