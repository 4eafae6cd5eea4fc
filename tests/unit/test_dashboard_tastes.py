"""What somebody leans to, beside the crowd."""

import pytest

from api.dashboard.cards import Seen
from api.dashboard.tastes import taste_of
from tests.builders import anime

DRAMA = [anime(n, genres=("Drama",), year=1990 + n, raters=10) for n in range(1, 4)]
ACTION = [anime(n, genres=("Action", "Drama"), year=2010, raters=70) for n in (4,)]


def seen(titles, status="completed"):
    return [Seen(one, 8, status) for one in titles]


def test_genres_and_years_are_shares_beside_the_shares_of_all_ratings():
    found = taste_of(
        seen([*DRAMA, *ACTION]), [*DRAMA, *ACTION, anime(9, genres=("Ecchi",), raters=100)]
    )

    [drama] = found.genres
    assert (drama.name, drama.theirs, drama.crowd) == ("Drama", 1, pytest.approx(0.5))
    assert [(one.name, one.theirs, one.crowd) for one in found.decades] == [
        ("1990s", 0.75, pytest.approx(0.15)),
        ("2010s", 0.25, pytest.approx(0.35)),
    ]


def test_what_is_not_watched_says_nothing():
    assert taste_of(seen(DRAMA, "planned"), DRAMA) is None
    assert taste_of(seen(DRAMA[:2]), DRAMA) is None
