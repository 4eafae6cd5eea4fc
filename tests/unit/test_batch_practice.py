from dataclasses import replace

import numpy as np
import pytest

from batch.hybrid import Shortlist
from batch.models.blend import FEW, KNOTS, POPULARITY
from batch.models.legs import LEGS
from batch.params import RankerParams, ValidationParams
from batch.practice import _learn_blend, _ndcg, _Seen, _smallest_good, measure, together
from batch.training_rows import RowSource
from tests.datasets import InMemoryDataset, histories
from tests.hybrids import NUMBERS, TABLE, hybrid, traits

TITLES, EACH = 40, 14
PARAMS = RankerParams(candidates=20, hidden=2, epochs=1)
RANDOM = np.random.default_rng(8)
NOISE = RANDOM.normal(size=(TITLES, TITLES)).astype(np.float32)
SILENCE = np.zeros_like(NOISE)
HALVES = np.kron(np.eye(2, dtype=np.float32), np.ones((TITLES // 2, TITLES // 2), np.float32))
"""A leg that knows what the crowd is like."""


def rows(users, measured_share=0.25):
    """Even users like titles of the first half, odd ones of the second."""
    random = np.random.default_rng(5)
    everybody = histories(
        {
            user: [
                (int(column), 9, 2)
                for column in np.sort(random.choice(TITLES // 2, EACH, replace=False))
                + TITLES // 2 * (user % 2)
            ]
            for user in range(users)
        }
    )
    params = ValidationParams(row_share=0.3, measured_share=measured_share)
    places = np.arange(TITLES, dtype=np.int32)
    return RowSource(InMemoryDataset(TITLES, everybody), TABLE, places, TITLES, params, True)


def practised(source, *tables):
    legs = hybrid(*tables).legs
    return together(legs, traits(TITLES), source, source.exercises()[0], PARAMS)


@pytest.fixture(scope="module")
def source():
    return rows(300)


@pytest.fixture(scope="module")
def learned(source):
    """The first leg knows little, the second everything, the third nothing."""
    return practised(source, 0.2 * HALVES + NOISE, HALVES, SILENCE)


def is_neutral(ranker):
    return not ranker.corrections(RANDOM.normal(size=(1, 5, NUMBERS))).any()


def test_from_too_few_users_nothing_is_learned():
    few = rows(200)
    assert 100 < len(set(few.exercises()[0].given.user_ids)) < 200

    found = practised(few, NOISE, HALVES)

    start = {LEGS[0]: 1.0, "people": 0.15, LEGS[-1]: 0.0, POPULARITY: 0.0}
    assert found.blend == {name: [weight] * len(KNOTS) for name, weight in start.items()}
    assert is_neutral(found.ranker)
    assert is_neutral(found.newcomers)


def test_from_enough_users_both_rankers_are_learned(learned):
    assert not is_neutral(learned.ranker)
    assert not is_neutral(learned.newcomers)


def test_the_weights_of_regulars_stay(learned):
    regulars = [place for place, titles in enumerate(KNOTS) if titles > FEW]

    for name, start in zip((*LEGS, POPULARITY), (1.0, 0.15, 0.0, 0.0), strict=True):
        assert [learned.blend[name][place] for place in regulars] == [start] * len(regulars)


def test_a_leg_that_knows_more_gains_weight_for_newcomers(learned):
    newcomers = [place for place, titles in enumerate(KNOTS) if titles <= FEW]

    assert min(learned.blend["people"][place] for place in newcomers) > 0.15


def test_a_leg_that_says_nothing_gets_no_weight(learned):
    assert learned.blend["content"] == [0.0] * len(KNOTS)
    assert learned.blend["linear"] == [1.0] * len(KNOTS)


def test_the_same_rows_are_practised_the_same(source, learned):
    again = practised(source, 0.2 * HALVES + NOISE, HALVES, SILENCE)

    assert again.blend == learned.blend
    assert again.ranker.inner.tobytes() == learned.ranker.inner.tobytes()


def test_what_is_measured_is_better_for_what_was_learned(source, learned):
    _, checked = source.exercises()

    found = measure(learned, source, checked)

    assert found["ndcg@10"] > found["ndcg@10/blend"] - 0.05
    assert found["ndcg@10/people"] > found["ndcg@10/linear"] > found["ndcg@10/content"]


def test_a_leg_that_finds_everything_measures_one():
    some = rows(60, measured_share=1.0)
    _, checked = some.exercises()
    one = checked.only(np.arange(len(checked.given)) == 7)
    oracle = np.tile(one.wanted.toarray(), (TITLES, 1))

    found = measure(hybrid(NOISE, SILENCE, oracle), some, one)

    assert found["ndcg@10/content"] == pytest.approx(1)
    assert found["ndcg@10"] == found["ndcg@10/blend"] == found["ndcg@10/linear"] < 1
    assert found["validation_users"] == 1


def test_what_a_user_owns_takes_no_place_even_if_it_is_not_given():
    some = rows(60, measured_share=1.0)
    _, checked = some.exercises()
    one = checked.only(np.arange(len(checked.given)) == 7)
    wanted = set(one.wanted.indices.tolist())
    (user,) = one.given.user_ids.tolist()
    all_else = [(column, 9, 2) for column in range(TITLES) if column not in wanted]

    found = measure(hybrid(NOISE), some, replace(one, owned=histories({user: all_else})))

    assert found["ndcg@10"] == found["ndcg@10/blend"] == pytest.approx(1)


def test_every_measured_user_counts_the_same_however_they_fall_into_blocks():
    some = rows(300, measured_share=1.0)
    _, checked = some.exercises()
    alone = [measure(hybrid(NOISE), some, one)["ndcg@10"] for one in checked.blocks(1)]

    assert len(alone) > 256
    assert measure(hybrid(NOISE), some, checked)["ndcg@10"] == pytest.approx(np.mean(alone))


def test_with_nobody_to_measure_every_figure_is_zero():
    some = rows(20, measured_share=0.0)

    found = measure(hybrid(NOISE), some, some.exercises()[1])

    assert set(found.values()) == {0.0}
    assert {"ndcg@10", "ndcg@10/blend", "ndcg@10/people", "validation_users"} <= set(found)


def figures(*means, spread=0.0):
    """One row a weight; users differ from each other by `spread`, alternating in sign."""
    signs = np.tile([1.0, -1.0], 50)
    return np.stack([mean + spread * signs * number for number, mean in enumerate(means)])


@pytest.mark.parametrize(("means", "spread", "wanted"), [
    ((0.1, 0.2, 0.3), 0.0, 2),  # clearly better
    ((0.3, 0.2, 0.1), 0.0, 0),
    ((0.1, 0.3, 0.3), 0.0, 1),  # as good and smaller
    ((0.2, 0.2, 0.2), 0.0, 0),
    ((0.200, 0.204, 0.202), 0.05, 0),  # a standard error is 0.05 / 10
    ((0.200, 0.206, 0.202), 0.05, 1),
])  # fmt: skip
def test_the_smallest_weight_within_a_standard_error_of_the_best_is_taken(means, spread, wanted):
    assert _smallest_good(figures(*means, spread=spread)) == wanted


def looked_at(base, described, hits):
    """What the hybrid made of newcomers; only the legs' and popularity's numbers are told."""
    numbers = np.float32(described)
    kept = np.tile(np.arange(numbers.shape[1]), (len(numbers), 1))
    short = Shortlist(kept, np.float32(base), numbers)
    wanted = np.array(hits, bool)
    return _Seen(short, wanted, wanted.sum(axis=1), np.full(len(numbers), 3))


ONLY_FIRST = {name: [float(name == LEGS[0])] * len(KNOTS) for name in (*LEGS, POPULARITY)}


def test_a_blend_is_judged_by_where_the_hits_come():
    numbers = [[[3, 0, 0, 0], [2, 0, 0, 0], [1, 0, 0, 0]]] * 2

    found = _ndcg(looked_at([[3, 2, 1]] * 2, numbers, [[1, 0, 0], [0, 0, 1]]), ONLY_FIRST)

    assert found == pytest.approx([1, 1 / np.log2(4)])


def test_what_is_no_candidate_takes_no_place():
    numbers = [[[3, 0, 0, 0], [2, 0, 0, 0], [1, 0, 0, 0]]]

    found = _ndcg(looked_at([[-np.inf, 2, 1]], numbers, [[0, 1, 0]]), ONLY_FIRST)

    assert found == pytest.approx([1])


def test_popularity_gains_weight_where_it_finds_what_is_wanted():
    numbers = [[[1, 0, 0, 0], [0, 0, 0, 1]]] * 9

    found = _learn_blend(looked_at([[1, 0]] * 9, numbers, [[0, 1]] * 9))

    assert found[POPULARITY][KNOTS.index(3)] == 1.6
    assert found[POPULARITY][KNOTS.index(FEW + 1)] == 0.0
    assert found["content"] == [0.0] * len(KNOTS)
