import numpy as np
import pytest
from scipy.sparse import csr_array

from batch.evaluation.metrics import (
    NOTHING,
    average_precision,
    hits,
    mean_ndcg,
    ndcg,
    ranked,
    recall,
    reciprocal_rank,
)


def found(*rows):
    return np.array(rows, bool)


def test_ndcg_of_hits_at_the_first_and_third_place():
    # 1 + 1/2 of at best 1 + 1/log2(3)
    value = ndcg(found([1, 0, 1]), np.array([2]), 3)

    assert value == pytest.approx([1.5 / (1 + 0.63093)], rel=1e-5)


def test_ndcg_is_1_when_the_best_come_first_and_0_without_a_hit():
    assert ndcg(found([1, 1, 0], [0, 0, 0]), np.array([2, 5]), 3) == pytest.approx([1, 0])


def test_ndcg_looks_no_deeper_than_its_cutoff():
    assert ndcg(found([0, 0, 1]), np.array([1]), 2) == pytest.approx([0])


def test_ndcg_of_more_wanted_than_fit_can_still_be_1():
    assert ndcg(found([1, 1]), np.array([7]), 2) == pytest.approx([1])


def test_recall_divides_by_what_could_be_found():
    assert recall(found([1, 0], [1, 1], [1, 0]), np.array([1, 5, 2]), 2) == pytest.approx(
        [1, 1, 0.5]
    )


def test_seen_titles_are_not_ranked():
    seen = csr_array(np.float32([[1, 0, 0], [0, 0, 1]]))

    assert ranked(np.float32([[9, 1, 2], [1, 2, 9]]), seen, 2).tolist() == [[2, 1], [1, 0]]


def test_a_seen_title_is_not_ranked_even_where_nothing_else_is_left():
    seen = csr_array(np.float32([[1, 0, 1], [1, 1, 1]]))

    found = ranked(np.zeros((2, 3), np.float32), seen, 2)

    assert found.tolist() == [[1, NOTHING], [NOTHING, NOTHING]]


def test_a_ranking_is_no_longer_than_there_are_titles():
    nothing = csr_array((1, 2), dtype=np.float32)

    assert ranked(np.float32([[1, 2]]), nothing, 100).tolist() == [[1, 0]]


def test_a_place_without_a_title_is_no_hit():
    wanted = csr_array(np.float32([[1, 1, 1]]))

    assert hits(np.array([[1, NOTHING]]), wanted).tolist() == [[True, False]]


def test_a_place_without_a_title_is_no_hit_of_the_user_before_either():
    wanted = csr_array(np.float32([[0, 0, 1], [1, 0, 0]]))

    assert not hits(np.array([[0, 1], [1, NOTHING]]), wanted).any()


def test_average_precision_is_the_mean_precision_at_wanted_titles():
    # Found first and third, of four: 1/1 + 2/3.
    value = average_precision(found([1, 0, 1], [0, 0, 0]), np.array([4, 1]), 3)

    assert value == pytest.approx([(1 + 2 / 3) / 4, 0])


def test_the_reciprocal_rank_is_that_of_the_first_hit():
    assert reciprocal_rank(found([0, 1, 1], [0, 0, 1], [0, 0, 0]), 3) == pytest.approx(
        [1 / 2, 1 / 3, 0]
    )


def test_ndcg_of_a_ranking_shorter_than_its_cutoff_still_misses_what_it_cannot_show():
    # One hit of two wanted titles, where three places would be looked at.
    assert ndcg(found([1]), np.array([2]), 3) == pytest.approx([1 / (1 + 0.63093)], rel=1e-5)


def test_a_hit_is_a_wanted_title_at_its_place():
    wanted = csr_array(np.float32([[1, 0, 1]]))

    assert hits(np.array([[1, 2]]), wanted).tolist() == [[False, True]]


def test_the_mean_is_over_users_who_want_something():
    scores = np.float32([[3, 2, 1], [3, 2, 1], [3, 2, 1]])
    seen = csr_array(np.float32([[0, 0, 0]] * 3))
    wanted = csr_array(np.float32([[1, 0, 0], [0, 0, 0], [0, 1, 0]]))

    assert mean_ndcg(scores, seen, wanted, 2) == pytest.approx((1 + 0.63093) / 2, rel=1e-5)


def test_a_cutoff_beyond_the_catalogue_is_the_whole_catalogue():
    nothing = csr_array((1, 2), dtype=np.float32)

    assert mean_ndcg(np.float32([[2, 1]]), nothing, csr_array(np.float32([[1, 0]])), 10) == 1.0


def test_nobody_who_wants_anything_measures_0():
    nothing = csr_array((2, 3), dtype=np.float32)

    assert mean_ndcg(np.zeros((2, 3), np.float32), nothing, nothing, 2) == 0.0
