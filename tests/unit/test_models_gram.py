from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array, random_array

from batch.models.gram import add_gram, damped

GRID = 4096


def users(count=40, titles=12, seed=3):
    made = random_array(
        (count, titles), density=0.4, format="csr", dtype=np.float32,
        rng=np.random.default_rng(seed),
    )  # fmt: skip
    return csr_array(made)


def gram(shards, titles=12, damping=0.25):
    total = np.zeros((titles, titles))
    for shard in shards:
        add_gram(total, shard, damping)
    return total


@given(st.permutations(range(40)), st.lists(st.integers(0, 40), max_size=5).map(sorted))
def test_neither_order_nor_split_of_shards_changes_a_bit(order, cuts):
    rows = users()
    shuffled = rows[order]
    bounds = [0, *cuts, 40]
    parts = [shuffled[a:b] for a, b in pairwise(bounds)]

    assert gram(parts).tobytes() == gram([rows]).tobytes()


def test_it_equals_dense_arithmetic():
    rows = users().toarray().astype(np.float64)
    sums = rows.sum(axis=1, keepdims=True)
    scaled = np.rint(rows * np.where(sums > 0, sums, 1) ** -0.25 * GRID) / GRID

    np.testing.assert_allclose(gram([users()]), scaled.T @ scaled, rtol=1e-12)


def test_a_row_is_divided_by_a_power_of_its_sum():
    rows = csr_array(np.float32([[1, 3], [1, 0]]))

    assert damped(rows, 0.5).toarray().tolist() == [[0.5, 1.5], [1, 0]]


def test_negative_strengths_count_towards_the_sum_by_magnitude():
    rows = csr_array(np.float32([[-1, 3]]))

    assert damped(rows, 0.5).toarray().tolist() == [[-0.5, 1.5]]


def test_without_damping_rows_stay_as_they_are():
    rows = csr_array(np.float32([[0.25, 0, 0.5]]))

    assert damped(rows, 0.0).toarray().tolist() == [[0.25, 0, 0.5]]


@pytest.mark.parametrize("damping", [0.0, 0.25, 1.0])
def test_a_user_without_strengths_adds_nothing(damping):
    assert not gram([csr_array((3, 12), dtype=np.float32)], damping=damping).any()


def test_more_titles_than_fit_in_one_part_are_all_added():
    rows = users(5, 2100)

    total = gram([rows], 2100, 0.0)

    exact = np.rint(rows.toarray().astype(np.float64) * GRID) / GRID
    np.testing.assert_allclose(total, exact.T @ exact, rtol=1e-12)
