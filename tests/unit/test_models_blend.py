import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from batch.models.blend import GRID, blend, candidates

block = arrays(np.float32, (3, 8), elements=st.floats(-4, 4, width=16))


def test_one_leg_alone_is_itself():
    scores = np.float32([[1, 2, 4]])

    assert blend([scores.copy()], [1.0]).tolist() == scores.tolist()


def test_a_leg_is_added_centred_and_with_the_spread_of_the_first():
    first, second = np.float32([[0, 2, 4]]), np.float32([[30, 10, 20]])

    blended = blend([first, second], [1.0, 0.5])

    # spread of the first 1.633, of the second 8.165: (30 - 20) / 5 * 0.5 = 1
    assert blended.ravel() == pytest.approx([1, 1, 4], abs=1e-4)


def test_a_leg_without_weight_changes_nothing():
    first = np.float32([[0, 2, 4]])

    assert blend([first.copy(), np.float32([[9, 1, 5]])], [1.0, 0.0]).tolist() == first.tolist()


@pytest.mark.parametrize("flat", [0, 1])
def test_a_leg_that_says_nothing_leaves_finite_scores(flat):
    legs = [np.float32([[1, 2, 3]]), np.float32([[3, 1, 2]])]
    legs[flat][:] = 0

    assert np.isfinite(blend(legs, [1.0, 0.4])).all()


@given(block, block)
def test_a_user_is_blended_alone_as_among_others(first, second):
    together = blend([first.copy(), second.copy()], [1.0, 0.3])

    for user in range(3):
        rows = slice(user, user + 1)
        alone = blend([first[rows].copy(), second[rows].copy()], [1.0, 0.3])
        assert alone.tobytes() == together[rows].tobytes()


@given(block)
def test_scaling_a_later_leg_changes_nothing(first):
    second = np.tile(np.arange(8, dtype=np.float32), (3, 1))

    plain = blend([first.copy(), second.copy()], [1.0, 0.3])
    scaled = blend([first.copy(), second * 8], [1.0, 0.3])

    np.testing.assert_allclose(scaled, plain, rtol=1e-4, atol=1e-4)


def test_candidates_try_every_weight_for_one_leg():
    tried = list(candidates([1.0, 0.2, 0.3], 1))

    assert tried == [[1.0, weight, 0.3] for weight in GRID]
    assert GRID[0] == 0.0
