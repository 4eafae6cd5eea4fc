import numpy as np
import pytest

from batch.statistics import TitleStatistics, none_of
from schemas.records import Status
from tests.datasets import histories


def counted(users, anime=3):
    return TitleStatistics.of(histories(users), anime)


def stated(watchers, raters, sums):
    return TitleStatistics(*(np.array(values, np.int64) for values in (watchers, raters, sums)))


def as_lists(found):
    return found.watchers.tolist(), found.raters.tolist(), found.rating_sums.tolist()


def test_who_watched_who_rated_and_how():
    found = counted({1: [(0, 9, 2), (1, 0, 1)], 2: [(0, 4, Status.DROPPED)]})

    assert as_lists(found) == ([2, 1, 0], [2, 0, 0], [13, 0, 0])


def test_a_plan_counts_for_nothing_even_with_a_rating():
    assert as_lists(counted({1: [(0, 9, Status.PLANNED)]})) == ([0] * 3, [0] * 3, [0] * 3)


def test_shards_add_up_to_the_whole():
    first, second = {1: [(0, 9, 2)], 2: [(2, 3, 2)]}, {3: [(0, 8, 2), (1, 0, 2)]}

    parts = none_of(3) + counted(first) + counted(second)

    assert as_lists(parts) == as_lists(counted(first | second))


def test_three_tens_do_not_beat_ten_thousand_nines():
    found = stated([3, 10_000, 10_000], [3, 10_000, 10_000], [30, 90_000, 60_000])

    tens, nines, sixes = found.damped_means(50.0)

    assert nines > tens > sixes


def test_a_damped_mean_starts_at_the_overall_mean():
    found = stated([1, 1], [1, 1], [10, 4])

    assert found.damped_means(1.0) == pytest.approx([(10 + 7) / 2, (4 + 7) / 2], abs=1e-5)


def test_a_title_without_ratings_has_the_overall_mean():
    found = stated([4, 0], [4, 0], [32, 0])

    assert found.damped_means(50.0)[1] == pytest.approx(8.0)


def test_watchers_break_ties_where_nobody_rates():
    found = stated([1, 5, 3], [0, 0, 0], [0, 0, 0])

    assert np.argsort(-found.damped_means(50.0)).tolist() == [1, 2, 0]


def test_no_damping_and_no_ratings_is_no_division_by_zero():
    assert np.isfinite(none_of(2).damped_means(0.0)).all()


def test_popularity_goes_from_0_to_1():
    assert stated([0, 1, 3], [0] * 3, [0] * 3).popularity() == pytest.approx([0, 0.5, 1])
    assert none_of(2).popularity().tolist() == [0, 0]
