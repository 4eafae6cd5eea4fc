import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from batch.models.blend import FEW, KNOTS, POPULARITY
from batch.models.ranker import on_grids
from batch.signals import Tastes
from tests.hybrids import NUMBERS, busy, crowd, hybrid, tastes_of, traits, weights

LINEAR = np.float32([[0, 4, 2, 0], [4, 0, 1, 3], [0, 0, 0, 1], [0, 0, 1, 0]])
RATED = 60


def liking(*rows):
    return csr_array(np.float32(rows))


def tastes(*rows):
    strengths = liking(*rows)
    return Tastes(strengths, 0 * strengths, np.zeros(len(rows), np.float32))


def raising(number, by=1.0):
    """A ranker that adds one of a candidate's numbers, where that is positive."""
    inner = np.zeros((NUMBERS, 1), np.float32)
    inner[number] = 1
    zero = np.zeros(NUMBERS, np.float32)
    return on_grids(zero, zero + 1, inner, np.float32([0]), np.float32([by]), 1.0)


def in_order(made, some):
    scores = made.score(some.strengths)
    blended = made.blended(scores, np.diff(some.strengths.indptr))
    return made.in_order(scores, blended, some), blended


def test_each_leg_scores_every_title():
    made = hybrid(LINEAR, 2 * LINEAR)

    first, second, third = made.score(liking([0, 1, 0, 0]))

    assert first.tolist() == [[4, 0, 1, 3]]
    assert second.tolist() == [[8, 0, 2, 6]]
    assert not third.any()


def test_the_first_leg_alone_decides_where_nothing_else_has_weight():
    made = hybrid(LINEAR)

    found = made.blended(made.score(liking([0, 1, 0, 0])), np.array([1]))

    assert found == pytest.approx(np.float32([[4, 0, 1, 3]]), abs=1e-3)


def test_a_leg_counts_as_its_weight_for_that_length_of_history_says():
    newcomers = [float(titles <= FEW) for titles in KNOTS]
    made = hybrid(LINEAR, -LINEAR, blend={**weights(), "people": newcomers})
    scores = made.score(liking([0, 1, 0, 0], [0, 1, 0, 0]))

    new, old = made.blended(scores, np.array([FEW, FEW + 1]))

    assert np.ptp(new) < 1e-3
    assert old == pytest.approx([4, 0, 1, 3], abs=1e-3)


def test_popularity_is_blended_as_if_it_were_a_leg():
    known = traits(4, popularity=np.float32([0, 1, 0, 0]))
    made = hybrid(LINEAR, blend=weights(popularity=1.0), traits=known)

    found = made.blended(made.score(liking([0, 0, 1, 0])), np.array([1]))

    assert found.argmax() in {1, 3}
    assert found[0, 1] == pytest.approx(found[0, 3], abs=1e-3)


def test_popularity_decides_where_nothing_else_does():
    known = traits(4, popularity=np.float32([0.1, 0.9, 0.5, 0.7]))

    found, _ = in_order(hybrid(LINEAR, traits=known), tastes([0, 0, 0, 0]))

    assert np.argsort(-found).tolist() == [[1, 3, 2, 0]]


def test_rankers_that_change_nothing_leave_the_candidates_as_blended():
    found, blended = in_order(hybrid(LINEAR), tastes([0, 1, 0, 0], [1, 0, 1, 0]))

    np.testing.assert_allclose(found, blended, rtol=1e-5, atol=1e-6)


def test_only_the_best_candidates_stay():
    found, _ = in_order(hybrid(LINEAR, candidates=2), tastes([0, 1, 0, 0]))

    assert (found > -np.inf).tolist() == [[True, False, False, True]]


def test_what_is_no_candidate_never_becomes_one():
    made, some = hybrid(LINEAR, newcomers=raising(0)), tastes([0, 1, 0, 0])
    scores = made.score(some.strengths)
    blended = made.blended(scores, np.array([1]))
    blended[0, :3] = -np.inf

    found = made.in_order(scores, blended, some)

    assert (found > -np.inf).tolist() == [[False, False, False, True]]


def test_a_correction_counts_in_standard_deviations_of_the_first_leg():
    people = np.float32([[0, 0, 3, 0]] * 4)
    made, some = hybrid(LINEAR, people, newcomers=raising(1)), tastes([0, 1, 0, 0])

    found, blended = in_order(made, some)

    # the one title that `people` names stands sqrt(3) of its deviations above its mean
    lifted = np.sqrt(3) * LINEAR[1].std()
    assert found - blended == pytest.approx(np.float32([[0, 0, lifted, 0]]), abs=0.02)


def test_newcomers_and_others_have_a_ranker_each():
    table = np.tile(np.arange(20, dtype=np.float32), (20, 1))
    some = tastes([1] * FEW + [0] * (20 - FEW), [1] * (FEW + 1) + [0] * (19 - FEW))

    for parts, changed in (
        ({"newcomers": raising(0)}, [True, False]),
        ({"ranker": raising(0)}, [False, True]),
    ):
        found, blended = in_order(hybrid(table, **parts), some)
        moved = np.abs(found - blended).max(axis=1) / blended.max(axis=1)
        assert (moved > 0.01).tolist() == changed


def test_the_shortlist_is_described_by_standardised_scores():
    made, some = hybrid(LINEAR, candidates=2), tastes([0, 1, 0, 0])
    scores = made.score(some.strengths)

    short = made.shortlist(scores, scores[0], some)

    best = np.argsort(-short.base[0])
    assert short.kept[0, best].tolist() == [0, 3]
    assert short.base[0, best] == pytest.approx(np.float32([4, 3]) / LINEAR[1].std(), rel=1e-5)
    standardised = (np.float32([4, 3]) - 2) / LINEAR[1].std()
    assert short.described[0, best, 0] == pytest.approx(standardised, rel=1e-5)
    assert short.described.shape == (1, 2, NUMBERS)


def test_more_candidates_than_titles_are_all_titles():
    some = tastes([0, 1, 0, 0])

    assert np.isfinite(in_order(hybrid(LINEAR, candidates=5000), some)[0]).all()


@given(st.permutations(range(24)))
def test_a_users_order_is_the_same_at_every_place_among_others(order):
    made, some = busy(RATED), tastes_of(crowd(24, RATED), RATED)
    places = list(order)
    moved = Tastes(some.strengths[places], some.liking[places], some.ratings[places])

    assert in_order(made, moved)[0].tobytes() == in_order(made, some)[0][places].tobytes()


def test_the_weights_are_of_the_legs_and_of_popularity():
    assert list(weights()) == ["linear", "people", "content", POPULARITY]
