import numpy as np
import pytest

from batch.models.ranker_training import fit
from batch.params import RankerParams

PARAMS = RankerParams(hidden=4, epochs=6, batch_users=32, learning_rate=0.02)
USERS, CANDIDATES = 200, 12


def lists():
    """The blend says nothing; the second of three numbers marks the hits, the others are noise."""
    random = np.random.default_rng(2)
    described = random.normal(size=(USERS, CANDIDATES, 3)).astype(np.float32)
    hit = random.random((USERS, CANDIDATES)) < 0.2
    described[..., 1] = 5 + 3 * hit + 0.1 * described[..., 1]
    return described, np.zeros((USERS, CANDIDATES), np.float32), hit


@pytest.fixture(scope="module")
def trained():
    return fit(*lists(), PARAMS)


def test_a_candidate_whose_number_marks_hits_is_raised(trained):
    marked, plain = np.float32([0, 8, 0]), np.float32([0, 5, 0])

    high, low = trained.corrections(np.stack([marked, plain])[None])[0]

    assert high > low + 1


def test_the_same_seed_trains_the_same_ranker(trained):
    again = fit(*lists(), PARAMS)

    assert again.inner.tobytes() == trained.inner.tobytes()
    assert again.outer.tobytes() == trained.outer.tobytes()


def test_users_without_a_hit_teach_nothing(trained):
    described, base, hit = lists()
    idle = np.zeros((50, CANDIDATES), bool)

    more = fit(
        np.concatenate((described, 9 * described[:50])),
        np.concatenate((base, base[:50])),
        np.concatenate((hit, idle)),
        PARAMS,
    )

    assert more.inner.tobytes() == trained.inner.tobytes()
    assert more.mean.tobytes() == trained.mean.tobytes()


def test_where_nobody_has_a_hit_nothing_is_learned():
    described, base, hit = lists()

    assert not fit(described, base, np.zeros_like(hit), PARAMS).corrections(described).any()
    assert not fit(described[:0], base[:0], hit[:0], PARAMS).corrections(described).any()


def test_what_the_blend_knows_is_not_learned_again():
    described, base, hit = lists()

    found = fit(described, base + 40 * hit, hit, PARAMS).corrections(described)

    assert np.ptp(found) < 0.2


def test_titles_that_are_no_candidates_leave_a_finite_ranker():
    described, base, hit = lists()
    base[~hit & (described[..., 0] > 1)] = -np.inf

    assert np.isfinite(fit(described, base, hit, PARAMS).corrections(described)).all()


def test_a_number_that_is_always_the_same_is_no_trouble():
    described, base, hit = lists()
    described[..., 2] = 7

    assert np.isfinite(fit(described, base, hit, PARAMS).corrections(described)).all()
