from dataclasses import replace

import pytest

from batch.params import GateParams
from batch.publish.gates import COVERAGE, NDCG, refusals
from batch.publish.verify import Findings
from tests.builders import manifest

GATES = GateParams(
    user_coverage=0.9, catalogue_coverage=0.1, ndcg_ratio=0.9, coverage_ratio=0.5, overlap=0.5
)
LIVE = manifest(metrics={NDCG: 0.5, COVERAGE: 0.2}, validation={"row_share": 0.2})
CANDIDATE = manifest(
    counts={"catalogue": 100},
    metrics={NDCG: 0.45, COVERAGE: 0.1},
    validation={"row_share": 0.2},
)
GOOD = Findings(
    users=100, with_list=90, with_neighbours=80, shown=list(range(10)), overlap=1.0, compared=2
)


def test_a_candidate_that_just_passes_every_gate_may_go_live():
    assert refusals(CANDIDATE, GOOD, LIVE, GATES) == []


def test_the_first_generation_is_compared_with_nothing():
    candidate = replace(CANDIDATE, metrics={})

    assert refusals(candidate, replace(GOOD, overlap=0.0), None, GATES) == []


@pytest.mark.parametrize(
    ("findings", "reason"),
    [
        (replace(GOOD, with_list=80), "only 80.0% of users have a list, gates.user_coverage"),
        (replace(GOOD, with_list=0), "only 0.0% of users have a list"),
        (replace(GOOD, with_neighbours=40), "only 40.0% of users have anybody near"),
        (replace(GOOD, shown=[1]), "only 1.0% of titles are in anybody's first ten"),
        (replace(GOOD, overlap=0.9), "lists keep only 45.0% of the live first twenty"),
    ],
)
def test_each_gate_says_why_it_refuses(findings, reason):
    (refusal,) = refusals(CANDIDATE, findings, LIVE, GATES)

    assert refusal.startswith(reason)


@pytest.mark.parametrize("metrics", [{NDCG: 0.44, COVERAGE: 0.1}, {COVERAGE: 0.1}])
def test_a_candidate_measured_as_worse_is_refused(metrics):
    (refusal,) = refusals(replace(CANDIDATE, metrics=metrics), GOOD, LIVE, GATES)

    assert "the live generation's is 0.5000: below gates.ndcg_ratio 0.9" in refusal


@pytest.mark.parametrize("metrics", [{NDCG: 0.45, COVERAGE: 0.099}, {NDCG: 0.45}])
def test_a_candidate_that_shows_far_fewer_titles_is_refused(metrics):
    (refusal,) = refusals(replace(CANDIDATE, metrics=metrics), GOOD, LIVE, GATES)

    assert "20.0% in the live generation: below gates.coverage_ratio 0.5" in refusal


def test_ndcg_on_other_validation_rows_is_not_compared():
    worse = replace(CANDIDATE, metrics={NDCG: 0.1, COVERAGE: 0.1})

    assert refusals(worse, GOOD, replace(LIVE, validation={"row_share": 0.5}), GATES) == []
    assert refusals(worse, GOOD, replace(LIVE, validation={}), GATES) == []


def test_coverage_is_compared_whatever_rows_validation_had():
    fewer = replace(CANDIDATE, metrics={COVERAGE: 0.05}, validation={})

    assert len(refusals(fewer, GOOD, LIVE, GATES)) == 1


def test_a_live_generation_without_figures_asks_for_nothing():
    assert refusals(CANDIDATE, GOOD, manifest(), GATES) == []


def test_lists_that_nobody_had_before_are_not_compared():
    assert refusals(CANDIDATE, replace(GOOD, overlap=0.0, compared=0), LIVE, GATES) == []


def test_every_refusal_is_told():
    bad = Findings(users=100, compared=1)

    assert len(refusals(replace(CANDIDATE, metrics={}), bad, LIVE, GATES)) == 6


def test_a_generation_without_users_is_refused():
    nobody = replace(GOOD, users=0, with_list=0, with_neighbours=0)

    assert len(refusals(CANDIDATE, nobody, LIVE, GATES)) == 1


def test_in_a_small_circle_nobody_has_to_be_near():
    circle = replace(GOOD, users=99, with_neighbours=0)

    assert refusals(CANDIDATE, circle, LIVE, GATES) == []
