import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from batch.models.exact import lengths, on_grid, unit_tastes, unit_titles

rows = arrays(np.float32, (3, 5), elements=st.floats(-100, 100, width=32))


def test_values_go_to_the_nearest_multiple():
    assert on_grid(np.float32([0.3, -0.3, 0.1]), 4).tolist() == [0.25, -0.25, 0.0]


def test_a_row_without_length_stays_zero():
    assert unit_tastes(np.zeros((1, 3), np.float32)).tolist() == [[0, 0, 0]]
    assert lengths(np.zeros((1, 3), np.float32)) > 0


def test_lengths_are_euclidean():
    assert lengths(np.float32([[3, 4], [0, 2]])).tolist() == [[5], [2]]


@given(rows)
def test_what_is_on_a_grid_stays_there(some):
    once = on_grid(some, 2**9)

    assert on_grid(once, 2**9).tobytes() == once.tobytes()


@given(rows)
def test_rows_point_as_before_and_have_length_one(some):
    some[np.abs(some) < 0.01] = 0
    sizes = lengths(some)

    for unit in (unit_tastes(some), unit_titles(some)):
        np.testing.assert_allclose(unit * sizes, some, atol=1e-3 * sizes.max())


def test_a_product_is_the_same_at_every_row_and_in_blocks_of_any_size():
    random = np.random.default_rng(5)
    tastes = unit_tastes(random.normal(size=(7, 300)).astype(np.float32))
    titles = unit_titles(random.normal(size=(211, 300)).astype(np.float32))
    wanted = tastes.astype(np.float64) @ titles.T.astype(np.float64)

    for block, users in ((tastes, range(7)), (tastes[3:], range(3, 7)), (tastes[:1], [0])):
        assert (block @ titles.T == wanted[users]).all()
    assert (np.tile(tastes, (40, 1)) @ titles.T == np.tile(wanted, (40, 1))).all()
