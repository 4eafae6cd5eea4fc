import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.models.ranker import Ranker, neutral, on_grids
from tests.hybrids import NUMBERS, ranker

RANDOM = np.random.default_rng(3)
DESCRIBED = RANDOM.normal(size=(8, 30, NUMBERS), scale=3).astype(np.float32)
BUSY = ranker(1)


def small(**parts):
    """Two numbers in, one unit, sharpness 1: the first number less 1, if that is positive."""
    facts = {
        "mean": np.float32([1, 0]),
        "scale": np.float32([1, 1]),
        "inner": np.float32([[1], [0]]),
        "start": np.float32([0]),
        "outer": np.float32([1]),
        "sharpness": 1.0,
    }
    return on_grids(**(facts | parts))


def test_weights_that_no_exact_sum_allows_are_shrunk_until_one_does():
    wild = RANDOM.normal(size=(NUMBERS, 3), scale=100).astype(np.float32)
    bounded = on_grids(
        np.zeros(NUMBERS, np.float32), np.ones(NUMBERS, np.float32), wild,
        np.float32([50, 0, -50]), np.float32([90, -90, 90]), 1.0,
    )  # fmt: skip
    numbers = DESCRIBED.reshape(1, -1, NUMBERS)
    order = RANDOM.permutation(NUMBERS)
    turned = Ranker(
        bounded.mean[order], bounded.scale[order], bounded.inner[order], bounded.start,
        bounded.outer, bounded.sharpness,
    )  # fmt: skip

    assert np.abs(bounded.inner).sum(axis=0).max() <= 64
    assert np.abs(bounded.outer).sum() <= 64
    assert (
        turned.corrections(numbers[..., order]).tobytes() == bounded.corrections(numbers).tobytes()
    )


def test_a_neutral_ranker_changes_nothing_whatever_it_is_shown():
    assert neutral(0.4).corrections(DESCRIBED).tolist() == np.zeros((8, 30)).tolist()
    assert neutral(0.4).corrections(DESCRIBED[..., :2]).shape == (8, 30)


def test_a_correction_is_what_the_network_says():
    found = small().corrections(np.float32([[[3, 9], [1.5, -9], [0, 5]]]))

    assert found.tolist() == [[2.0, 0.5, 0.0]]


def test_a_correction_counts_by_the_sharpness():
    found = small(sharpness=4.0).corrections(np.float32([[[3, 9]]]))

    assert found.tolist() == [[0.5]]


def test_numbers_are_measured_by_their_scale():
    assert small(scale=np.float32([2, 1])).corrections(np.float32([[[5, 0]]])).tolist() == [[2.0]]


def test_numbers_beyond_the_largest_count_as_the_largest():
    assert small().corrections(np.float32([[[1e9, 0], [-1e9, 0]]])).tolist() == [[8.0, 0.0]]


def test_numbers_are_rounded_to_their_grid():
    steep = small(inner=np.float32([[8], [0]]))

    assert steep.corrections(np.float32([[[1 + 0.4 / 64, 0], [1 + 0.6 / 64, 0]]])).tolist() == [
        [0.0, 8 / 64]
    ]


def test_weights_are_rounded_to_their_grid():
    assert small(outer=np.float32([0.3])).outer.tolist() == [154 / 512]


def test_a_user_is_corrected_the_same_at_every_place_of_a_block():
    found = BUSY.corrections(np.tile(DESCRIBED, (32, 1, 1))).reshape(32, 8, 30)

    assert (found == found[0]).all()
    assert len(np.unique(found[0])) > 200


@given(st.permutations(range(8)), st.integers(1, 8), st.permutations(range(30)))
def test_a_candidate_is_corrected_the_same_in_any_company(users, many, titles):
    chosen = list(users)[:many]

    found = BUSY.corrections(DESCRIBED[chosen][:, list(titles)])

    assert found.tobytes() == BUSY.corrections(DESCRIBED)[chosen][:, list(titles)].tobytes()


@pytest.mark.parametrize("one", [BUSY, neutral(0.45)])
def test_a_saved_ranker_corrects_the_same(one, tmp_path):
    one.save(tmp_path / "ranker.npz")

    loaded = Ranker.load(tmp_path / "ranker.npz")

    assert loaded.sharpness == one.sharpness
    assert loaded.corrections(DESCRIBED).tobytes() == one.corrections(DESCRIBED).tobytes()
