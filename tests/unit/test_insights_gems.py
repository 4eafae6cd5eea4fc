import numpy as np
import pytest

from batch.dataset import Histories
from batch.insights.gems import gems
from batch.insights.tally import Tally
from batch.statistics import TitleStatistics
from tests.builders import anime

NONE = np.zeros(0, np.int64)
NOBODY = Histories(NONE, np.zeros(1, np.int64), *(NONE.astype(np.int8) for _ in range(3)))


def tallied(*ratings):
    """From how many rated each title, and their mean."""
    raters, means = (np.array(part) for part in zip(*ratings, strict=True))
    statistics = TitleStatistics(raters, raters, (raters * means).astype(np.int64))
    return Tally(statistics, raters // 2, NONE, NONE, NONE, 0, NOBODY)


CROWD = anime(99), (10**6, 4)
"""What everybody has seen, and hardly anybody likes."""


def ids(titles, ratings, few=100, least=20, damping=10.0):
    known, theirs = CROWD
    tally = tallied(*ratings, theirs)
    return [one.anime_id for one in gems([*titles, known], tally, few, least, damping)]


def test_what_is_liked_less_than_most_is_no_gem():
    assert ids([anime(1), anime(2), anime(3)], [(50, 3), (50, 4), (50, 5)]) == [3]


def test_the_best_of_those_that_few_know_come_first():
    titles = [anime(n) for n in (1, 2, 3, 4)]

    assert ids(titles, [(50, 8), (1000, 10), (40, 9), (19, 10)]) == [3, 1]


def test_a_few_good_ratings_are_worth_less_than_many():
    titles = [anime(n) for n in (1, 2, 3)]

    assert ids(titles, [(20, 9), (90, 8), (100, 5)], damping=100.0) == [2, 1, 3]


@pytest.mark.parametrize("facts", [{"adult": True}, {"side": True}, {"series": 9, "franchise": 9}])
def test_adult_titles_specials_and_sequels_are_none(facts):
    assert ids([anime(1, **facts), anime(2)], [(50, 9), (50, 8)]) == [2]


def test_the_first_part_of_a_series_may_be_one():
    assert ids([anime(1, series=1, franchise=1)], [(50, 9)]) == [1]


def test_a_franchise_of_which_something_is_well_known_hides_nothing():
    titles = [anime(1, franchise=1), anime(2, franchise=1, series=2), anime(3)]

    assert ids(titles, [(1000, 8), (50, 9), (50, 7)]) == [3]


def test_how_well_it_is_liked_is_said():
    [found] = gems([anime(1), CROWD[0]], tallied((50, 8.5), CROWD[1]), 100, 20, 10.0)

    assert (found.raters, found.mean, found.liked) == (50, 8.5, 0.5)
