import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from batch.models.blend import FEW, GRID, KNOTS, blend, of_users


def weighing(*weights, users=1):
    return np.float32([weights] * users)


block = arrays(np.float32, (3, 8), elements=st.floats(-4, 4, width=16))


def test_one_leg_alone_is_itself():
    scores = np.float32([[1, 2, 4]])

    assert blend([scores.copy()], weighing(1)).tolist() == scores.tolist()


def test_a_leg_is_added_centred_and_with_the_spread_of_the_first():
    first, second = np.float32([[0, 2, 4]]), np.float32([[30, 10, 20]])

    blended = blend([first, second], weighing(1, 0.5))

    # spread of the first 1.633, of the second 8.165: (30 - 20) / 5 * 0.5 = 1
    assert blended.ravel() == pytest.approx([1, 1, 4], abs=1e-4)


def test_a_leg_without_weight_changes_nothing():
    first = np.float32([[0, 2, 4]])

    assert blend([first.copy(), np.float32([[9, 1, 5]])], weighing(1, 0)).tolist() == first.tolist()


@pytest.mark.parametrize("flat", [0, 1])
def test_a_leg_that_says_nothing_leaves_finite_scores(flat):
    legs = [np.float32([[1, 2, 3]]), np.float32([[3, 1, 2]])]
    legs[flat][:] = 0

    assert np.isfinite(blend(legs, weighing(1, 0.4))).all()


@given(block, block)
def test_a_user_is_blended_alone_as_among_others(first, second):
    together = blend([first, second], weighing(1, 0.3, users=3))

    for user in range(3):
        rows = slice(user, user + 1)
        alone = blend([first[rows].copy(), second[rows].copy()], weighing(1, 0.3))
        assert alone.tobytes() == together[rows].tobytes()


@given(block)
def test_scaling_a_later_leg_changes_nothing(first):
    second = np.tile(np.arange(8, dtype=np.float32), (3, 1))

    plain = blend([first.copy(), second.copy()], weighing(1, 0.3, users=3))
    scaled = blend([first.copy(), second * 8], weighing(1, 0.3, users=3))

    np.testing.assert_allclose(scaled, plain, rtol=1e-4, atol=1e-4)


def test_blending_leaves_the_scores_of_the_legs_alone():
    first, second = np.float32([[0, 2, 4]]), np.float32([[30, 10, 20]])

    blend([first, second], weighing(1, 0.5))

    assert (first.tolist(), second.tolist()) == ([[0, 2, 4]], [[30, 10, 20]])


def test_users_may_share_one_row_of_scores():
    own, shared = np.float32([[1, 2, 4], [4, 2, 1]]), np.float32([[3, 1, 2]])

    together = blend([own, shared], weighing(1, 0.5, users=2))

    assert (together == blend([own, np.tile(shared, (2, 1))], weighing(1, 0.5, users=2))).all()


def test_weights_hold_at_their_knots_and_run_straight_in_the_logarithm_between_them():
    table = {"linear": [1.0] * len(KNOTS), "people": [float(k) for k in range(len(KNOTS))]}
    between = round((KNOTS[-2] * KNOTS[-1]) ** 0.5)

    found = of_users(table, np.array([*KNOTS, between]))

    assert (found[:, 0] == 1).all()
    assert found[:-1, 1] == pytest.approx(range(len(KNOTS)), abs=1e-6)
    assert found[-1, 1] == pytest.approx(len(KNOTS) - 1.5, abs=0.01)


def test_beyond_the_knots_the_outermost_weights_hold():
    table = {"linear": [1.0] * len(KNOTS), "people": [0.25, *[0.0] * (len(KNOTS) - 2), 0.75]}

    assert of_users(table, np.array([0, 10**6]))[:, 1].tolist() == [0.25, 0.75]


def test_newcomers_and_others_share_no_knot():
    assert {FEW, FEW + 1} <= set(KNOTS)
    assert GRID[0] == 0.0
