import numpy as np
import pytest
from scipy.sparse import csr_array

from batch.evaluation import lists
from batch.evaluation.metrics import NOTHING
from tests.datasets import histories


def of(*rows):
    return np.array(rows, np.int32)


def test_shown_titles_are_counted_once_however_often_they_are_shown():
    assert lists.shown(of([1, 2], [2, 3], [2, NOTHING])) == 3


def test_a_title_that_half_of_the_users_know_tells_one_bit():
    watchers = np.array([4, 8, 2])

    assert lists.novelty(of([0, 2], [1, NOTHING]), watchers, users=8) == pytest.approx([1.5, 0])


def test_a_title_that_nobody_knows_is_as_novel_as_if_one_did():
    assert lists.novelty(of([0, 0]), np.array([0]), users=8) == pytest.approx([3])


def test_popularity_is_the_mean_number_of_watchers():
    assert lists.popularity(of([0, 1], [1, NOTHING]), np.array([10, 4])) == pytest.approx([7, 4])


def test_diversity_is_one_minus_the_mean_cosine_of_pairs():
    genres = csr_array(np.float32([[1, 0], [1, 0], [0, 1], [1, 1], [0, 0]]))

    found = lists.diversity(of([0, 1], [0, 2], [0, 3], [0, 4]), genres)

    assert found == pytest.approx([0, 1, 1 - 0.5**0.5, 1], abs=1e-6)


def test_a_list_of_one_has_no_diversity():
    assert lists.diversity(of([0, NOTHING]), csr_array(np.float32([[1]]))).tolist() == [0]


def test_a_sequel_is_a_title_of_a_franchise_that_its_user_has_begun():
    franchises = np.array([7, 7, 8, 0, 0])
    owned = histories({1: [(0, 9, 2)], 2: [(2, 9, 2), (3, 9, 2)], 3: []})

    found = lists.sequels(of([1, 2], [1, 4], [1, 2]), owned, franchises)

    assert found == pytest.approx([0.5, 0, 0])


def test_empty_lists_measure_0_without_a_warning():
    empty, franchises = of([NOTHING, NOTHING]), np.array([1])

    assert lists.novelty(empty, np.array([1]), users=1).tolist() == [0]
    assert lists.sequels(empty, histories({1: []}), franchises).tolist() == [0]
    assert lists.diversity(empty, csr_array(np.float32([[1]]))).tolist() == [0]
