from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from batch.evaluation.ours import (
    Silent,
    is_ablation,
    leg_alone,
    of_model,
    poorer_params,
    without_leg,
    without_ranker,
)
from batch.models.legs import LEGS
from batch.params import Params
from tests.datasets import histories
from tests.hybrids import busy, crowd, hybrid, model, weights

RATED, UNRATED = 30, 4
GIVEN = crowd(6, RATED, most=12)


class Candidates:
    """All of a trial that scorers look at."""

    def __init__(self, columns):
        self.candidates = np.array(columns)


EVERYTHING = Candidates(range(RATED + UNRATED))
MODEL = model(busy(RATED, UNRATED))


def swapped(**legs):
    """The model with other tables for some legs."""
    found = [legs.get(name, leg) for name, leg in zip(LEGS, MODEL.hybrid.legs, strict=True)]
    return replace(MODEL, hybrid=replace(MODEL.hybrid, legs=found))


def test_a_silent_leg_says_nothing_about_any_title():
    found = Silent(3, 2)

    assert found.score(csr_array((4, 3))).tolist() == [[0, 0, 0]] * 4
    assert found.score_unrated(csr_array((4, 3))).tolist() == [[0, 0]] * 4


def test_a_silent_leg_is_not_saved(tmp_path):
    with pytest.raises(NotImplementedError):
        Silent(3, 2).save(tmp_path)


@pytest.mark.parametrize("leg", LEGS[1:])
def test_without_a_leg_its_scores_do_not_matter(leg):
    other = swapped(**{leg: busy(RATED, UNRATED, seed=9).legs[LEGS.index(leg)]})

    found = without_leg(EVERYTHING, MODEL, leg)(GIVEN)

    assert found.tobytes() == without_leg(EVERYTHING, other, leg)(GIVEN).tobytes()
    assert (found != of_model(EVERYTHING, MODEL)(GIVEN)).any()
    assert (found != of_model(EVERYTHING, other)(GIVEN)).any()


def test_without_the_first_leg_the_second_comes_first():
    first, second = np.eye(4)[[1, 0, 3, 2]], np.eye(4)[[2, 3, 0, 1]]
    made = model(hybrid(first, second, blend=weights(people=0.15)))
    given = histories({1: [(0, 10, 2)]})

    best = of_model(Candidates(range(4)), made)(given).argmax(axis=1)
    without = without_leg(Candidates(range(4)), made, LEGS[0])(given).argmax(axis=1)

    assert (best.tolist(), without.tolist()) == ([1], [2])


@pytest.mark.parametrize("leg", LEGS)
def test_without_a_leg_scores_stay_finite_where_there_are_candidates(leg):
    found = without_leg(EVERYTHING, MODEL, leg)(GIVEN)

    assert not np.isnan(found).any()
    assert not (found == np.inf).any()
    assert (np.isfinite(found).sum(axis=1) >= RATED // 2).all()


def test_taking_a_leg_away_leaves_the_model_as_it_was():
    before = of_model(EVERYTHING, MODEL)(GIVEN)

    without_leg(EVERYTHING, MODEL, "people")(GIVEN)

    assert of_model(EVERYTHING, MODEL)(GIVEN).tobytes() == before.tobytes()


def test_without_ranker_scores_are_those_of_the_blend():
    found = without_ranker(EVERYTHING, MODEL)(GIVEN)

    rated, blend = found[:, :RATED], MODEL.score(MODEL.strengths(GIVEN))[:, :RATED]
    kept = rated > -np.inf
    assert kept.any(axis=1).all()
    assert rated[kept].tolist() == pytest.approx(blend[kept].tolist())


@pytest.mark.parametrize("leg", LEGS)
def test_a_leg_alone_scores_the_rated_titles_as_it_does(leg):
    found = leg_alone(EVERYTHING, MODEL, leg)(GIVEN)

    alone = MODEL.hybrid.legs[LEGS.index(leg)].score(MODEL.strengths(GIVEN))
    assert found[:, :RATED].tobytes() == alone.tobytes()
    assert found.shape == (6, RATED + UNRATED)


def test_the_content_leg_alone_knows_unrated_titles_itself_and_others_do_not():
    alone = {leg: leg_alone(EVERYTHING, MODEL, leg)(GIVEN)[:, RATED:] for leg in LEGS}

    assert alone["content"].any()
    assert not alone["linear"].any()
    assert not alone["people"].any()


def test_scores_are_taken_to_the_order_of_the_candidates():
    some = Candidates([5, 2, 33])

    found = of_model(some, MODEL)(GIVEN)

    everything = of_model(EVERYTHING, MODEL)(GIVEN)
    assert found.tobytes() == np.ascontiguousarray(everything[:, [5, 2, 33]]).tobytes()


def test_ablations_are_told_by_their_names():
    assert [is_ablation(name) for name in ("ours, without linear", "ours, people alone")] == [
        True,
        True,
    ]
    assert not any(is_ablation(name) for name in ("ours", "ours, live path", "EASE"))


def test_each_poorer_setting_takes_one_kind_of_knowledge():
    found = dict(poorer_params(Params()))

    assert found["metadata in the linear leg"].linear.metadata == 0
    assert set(found["rating power"].strengths.table().values()) == {1.0, 0.35, 0.0}
