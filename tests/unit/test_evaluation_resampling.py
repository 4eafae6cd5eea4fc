import numpy as np
import pytest

from batch.evaluation.resampling import FLIPS, intervals, sign_flip_test


def test_an_interval_is_about_two_standard_errors_wide_on_each_side():
    values = np.random.default_rng(0).normal(3.0, 2.0, (400, 1))

    low, high = intervals(values, seed=1)

    error = values.std() / 20
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.03)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.03)


def test_columns_share_resamples_so_that_equal_ones_have_equal_intervals():
    one = np.random.default_rng(0).random((50, 1))

    low, high = intervals(np.hstack([one, one]), seed=1)

    assert (low[0], high[0]) == (low[1], high[1])


def test_no_difference_at_all_is_no_evidence():
    assert sign_flip_test(np.zeros((20, 1)), seed=1) == pytest.approx([1.0])


def test_a_difference_that_every_user_shares_is_as_unlikely_as_it_can_be():
    assert sign_flip_test(np.full((50, 1), 0.01), seed=1) == pytest.approx([1 / (FLIPS + 1)])


def test_three_users_who_agree_can_be_chance_in_one_of_four_cases():
    # Of the eight ways to flip three signs, two are as extreme: all up and all down.
    assert sign_flip_test(np.full((3, 1), 0.5), seed=1) == pytest.approx([0.25], abs=0.02)


def test_p_values_of_noise_are_spread_evenly():
    noise = np.random.default_rng(3).normal(size=(100, 200))

    p = sign_flip_test(noise, seed=1)

    assert np.mean(p < 0.5) == pytest.approx(0.5, abs=0.1)
    assert np.mean(p < 0.05) < 0.12


def test_a_seed_fixes_both():
    values = np.random.default_rng(0).normal(size=(30, 2))

    assert np.array_equal(intervals(values, 4), intervals(values, 4))
    assert np.array_equal(sign_flip_test(values, 4), sign_flip_test(values, 4))
