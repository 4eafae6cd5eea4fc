"""From rankings to figures: means over users with intervals, and tests against one method."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from batch.evaluation import lists
from batch.evaluation.metrics import NDCG_10, average_precision, ndcg, recall, reciprocal_rank
from batch.evaluation.resampling import intervals, sign_flip_test
from batch.evaluation.slices import Slices, slices
from batch.evaluation.trial import DEPTH, Rankings, Trial

Values = NDArray[np.float64]

NDCG_100: Final = "ndcg@100"
RECALL_20: Final = "recall@20"
RECALL_50: Final = "recall@50"
MAP: Final = f"map@{DEPTH}"
MRR: Final = f"mrr@{DEPTH}"
NOVELTY: Final = "novelty@10"
DIVERSITY: Final = "diversity@10"
POPULARITY: Final = "popularity@10"
SEQUELS: Final = "sequels@10"
COVERAGE: Final = "coverage@10"
LIFT: Final = "popularity_lift@10"
_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Measured:
    """One method's figures for each user of a trial, and those of all its lists together."""

    method: str
    per_user: Mapping[str, Values]
    overall: Mapping[str, float]
    slices: Slices


@dataclass(frozen=True, slots=True)
class Quality:
    """A row of a table: means over users, the ends of their 95 % intervals, and slices.

    `p` tells how likely a difference in NDCG@10 as large as that to the compared method would
    be by chance, None for that method itself. `spreads` are standard deviations over seeds,
    empty where there was one seed. Without users every figure is 0.
    """

    method: str
    users: int
    figures: Mapping[str, float]
    low: Mapping[str, float]
    high: Mapping[str, float]
    p: float | None
    slices: Slices
    spreads: Mapping[str, float]


def measure(trial: Trial, rankings: Rankings) -> Measured:
    """Compare rankings with what was hidden, and describe their first ten."""
    first = rankings.columns[:, :_SHOWN]
    per_user = {**_accuracy(trial, rankings.hit), **_character(trial, first)}
    theirs = trial.watchers[trial.split.given.columns]
    typical = float(theirs.mean()) if len(theirs) else 1.0
    lift = float(per_user[POPULARITY].mean()) / typical if len(first) else 0.0
    overall = {COVERAGE: float(lists.shown(first)), LIFT: lift}
    return Measured(rankings.method, per_user, overall, slices(trial, rankings))


def _accuracy(trial: Trial, hit: NDArray[np.bool_]) -> dict[str, Values]:
    relevant = trial.relevant
    return {
        NDCG_10: ndcg(hit, relevant, 10),
        NDCG_100: ndcg(hit, relevant, 100),
        RECALL_20: recall(hit, relevant, 20),
        RECALL_50: recall(hit, relevant, 50),
        MAP: average_precision(hit, relevant, DEPTH),
        MRR: reciprocal_rank(hit, DEPTH),
    }


def _character(trial: Trial, first: lists.Lists) -> dict[str, Values]:
    users = len(trial.whole.training)
    found = {
        NOVELTY: lists.novelty(first, trial.watchers, users),
        DIVERSITY: lists.diversity(first, trial.titles.genres),
        POPULARITY: lists.popularity(first, trial.watchers),
    }
    franchises = trial.titles.franchises
    if franchises is not None:
        found[SEQUELS] = lists.sequels(first, trial.split.owned, franchises)
    return found


def compare(measured: Sequence[Measured], against: str, seed: int) -> list[Quality]:
    """Summarise methods measured in the same trial, each tested against one of them.

    All methods share resamples, so that their intervals can be compared.
    """
    if not measured or not len(measured[0].per_user[NDCG_10]):
        return [_nobody(one) for one in measured]
    low, high = _ends(measured, seed)
    p = _tests(measured, against, seed)
    return [
        Quality(
            one.method,
            len(one.per_user[NDCG_10]),
            {**{name: float(of.mean()) for name, of in one.per_user.items()}, **one.overall},
            low[index],
            high[index],
            p.get(one.method),
            one.slices,
            {},
        )
        for index, one in enumerate(measured)
    ]


def _nobody(one: Measured) -> Quality:
    nothing = dict.fromkeys((*one.per_user, *one.overall), 0.0)
    ends = dict.fromkeys(one.per_user, 0.0)
    return Quality(one.method, 0, nothing, ends, ends, None, one.slices, {})


def _ends(
    measured: Sequence[Measured], seed: int
) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    names = list(measured[0].per_user)
    values = np.column_stack([one.per_user[name] for one in measured for name in names])
    low, high = (end.reshape(len(measured), -1).tolist() for end in intervals(values, seed))
    return [dict(zip(names, row, strict=True)) for row in low], [
        dict(zip(names, row, strict=True)) for row in high
    ]


def _tests(measured: Sequence[Measured], against: str, seed: int) -> dict[str, float]:
    """p-values of all other methods; none where the method to compare with was not run."""
    base = [one.per_user[NDCG_10] for one in measured if one.method == against]
    others = [one for one in measured if one.method != against]
    if not base or not others:
        return {}
    differences = np.column_stack([base[0] - one.per_user[NDCG_10] for one in others])
    p = sign_flip_test(differences, seed)
    return {one.method: float(value) for one, value in zip(others, p, strict=True)}


def over_seeds(runs: Sequence[Quality]) -> Quality:
    """One method's mean over seeds, with the standard deviation; `p` is the largest.

    Raises:
        ValueError: the runs are not of one method.
    """
    first, *rest = runs
    if not rest:
        return first
    if any(one.method != first.method for one in rest):
        raise ValueError(f"runs must be of one method, got {[one.method for one in runs]}")
    tested = [one.p for one in runs if one.p is not None]
    return Quality(
        first.method,
        round(float(np.mean([one.users for one in runs]))),
        _mean([one.figures for one in runs]),
        _mean([one.low for one in runs]),
        _mean([one.high for one in runs]),
        max(tested, default=None),
        {kind: _mean([one.slices[kind] for one in runs]) for kind in first.slices},
        {
            name: float(np.std([one.figures[name] for one in runs], ddof=1))
            for name in first.figures
        },
    )


def _mean(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Over those runs that have a figure, in the order of the first."""
    names = dict.fromkeys(name for one in runs for name in one)
    return {name: float(np.mean([one[name] for one in runs if name in one])) for name in names}
