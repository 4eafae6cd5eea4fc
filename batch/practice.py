"""Learning how the legs work together, from users whose hidden titles they have not seen.

First the blend's weights, then, on top of it, the ranker.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from batch.candidates import Traits
from batch.evaluation.metrics import NDCG_10, mean_ndcg, ndcg
from batch.hybrid import Hybrid, Shortlist
from batch.models.blend import FEW, GRID, KNOTS, POPULARITY, Weights, of_users
from batch.models.legs import LEGS, Leg, Scores
from batch.models.ranker import neutral
from batch.params import RankerParams
from batch.ranking import largest
from batch.signals import Tastes
from batch.training_rows import Exercises, RowSource

_BLOCK: Final = 256
_CUTOFF: Final = 10
_FEWEST: Final = 200
"""Fewer users teach nothing that would hold for others."""
_BLENDED: Final = (*LEGS, POPULARITY)
_START: Final[Weights] = {
    name: [float(name == LEGS[0]) or 0.15 * (name in LEGS[:-1]) for _ in KNOTS] for name in _BLENDED
}
"""What is blended where nothing is learned."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the hybrid makes of a block of users: `hits` marks which of the shortlist they want;
    `relevant` is how many titles they want at all, `lengths` how many they have.
    """

    short: Shortlist
    hits: NDArray[np.bool_]
    relevant: NDArray[np.int64]
    lengths: NDArray[np.int64]

    def lists(self, chosen: NDArray[np.bool_]) -> tuple[Scores, Scores, NDArray[np.bool_]]:
        """What a ranker learns from: descriptions, blended scores and hits of some users."""
        return self.short.described[chosen], self.short.base[chosen], self.hits[chosen]


def together(
    legs: Sequence[Leg], traits: Traits, rows: RowSource, exercises: Exercises, params: RankerParams
) -> Hybrid:
    """Learn the blend and the ranker of legs that were fitted without the exercises' answers."""
    nothing = neutral(params.sharpness)
    hybrid = Hybrid(legs, _START, nothing, nothing, traits, params.candidates)
    if len(np.unique(exercises.given.user_ids)) < _FEWEST:
        return hybrid
    from batch.models.ranker_training import fit  # imports TensorFlow

    hybrid = replace(hybrid, blend=_learn_blend(_collect(hybrid, rows, exercises)))
    seen = _collect(hybrid, rows, exercises)
    new = seen.lengths <= FEW
    return replace(
        hybrid, ranker=fit(*seen.lists(~new), params), newcomers=fit(*seen.lists(new), params)
    )


def measure(hybrid: Hybrid, rows: RowSource, exercises: Exercises) -> dict[str, float]:
    """NDCG@10 of the final order, of the blend and of each leg alone; means over users."""
    found = [_measure_block(hybrid, rows, one) for one in exercises.blocks(_BLOCK)]
    users = [len(one.given) for one in exercises.blocks(_BLOCK)]
    names = [NDCG_10, f"{NDCG_10}/blend", *(f"{NDCG_10}/{leg}" for leg in LEGS)]
    means = np.average(found, axis=0, weights=users) if found else np.zeros(len(names))
    return {
        **dict(zip(names, means.tolist(), strict=True)),
        "validation_users": float(sum(users)),
    }


def _measure_block(hybrid: Hybrid, rows: RowSource, exercises: Exercises) -> list[float]:
    tastes = rows.tastes(exercises.given)
    scores = hybrid.score(tastes.strengths)
    blended = _candidates(hybrid, rows, exercises, scores, tastes)
    final = hybrid.in_order(scores, blended, tastes)
    for one in scores:
        _sink_owned(one, rows, exercises)
    given, wanted = tastes.strengths, exercises.wanted
    return [mean_ndcg(one, given, wanted, _CUTOFF) for one in (final, blended, *scores)]


def _candidates(
    hybrid: Hybrid, rows: RowSource, exercises: Exercises, scores: Sequence[Scores], tastes: Tastes
) -> Scores:
    """The blend, with minus infinity for what is no candidate."""
    blended = hybrid.blended(scores, np.diff(tastes.strengths.indptr))
    _sink_owned(blended, rows, exercises)
    return blended


def _sink_owned(scores: Scores, rows: RowSource, exercises: Exercises) -> None:
    where = rows.positions[exercises.owned.columns]
    known = where >= 0
    scores[exercises.owned.rows[known], where[known]] = -np.inf


def _collect(hybrid: Hybrid, rows: RowSource, exercises: Exercises) -> _Seen:
    parts = [_look(hybrid, rows, one) for one in exercises.blocks(_BLOCK)]
    short = Shortlist(
        *(
            np.concatenate([getattr(part.short, name) for part in parts])
            for name in ("kept", "base", "described")
        )
    )
    hits, relevant, lengths = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("hits", "relevant", "lengths")
    )
    return _Seen(short, hits, relevant, lengths)


def _look(hybrid: Hybrid, rows: RowSource, exercises: Exercises) -> _Seen:
    tastes = rows.tastes(exercises.given)
    scores = hybrid.score(tastes.strengths)
    blended = _candidates(hybrid, rows, exercises, scores, tastes)
    short = hybrid.shortlist(scores, blended, tastes)
    wanted = np.take_along_axis(exercises.wanted.toarray() > 0, short.kept, axis=1)
    lengths = np.diff(tastes.strengths.indptr)
    return _Seen(short, wanted, np.diff(exercises.wanted.indptr), lengths)


def _learn_blend(seen: _Seen) -> dict[str, list[float]]:
    """Weigh each leg but the first for newcomers, one number of titles after the other.

    Takes the smallest weight that is not clearly worse than the best one (the one-standard-error
    rule of Breiman et al., 1984). For everybody else the start stays: in practice the first leg
    misses rows that it has for good, so weights that look best there are too large, and the
    ranker, which sees every leg, makes better use of them.
    """
    weights = {name: list(values) for name, values in _START.items()}
    for name in _BLENDED[1:]:
        for knot in (place for place, titles in enumerate(KNOTS) if titles <= FEW):
            tried = [_with(weights, name, knot, value) for value in GRID]
            weights = tried[_smallest_good(np.stack([_ndcg(seen, one) for one in tried]))]
    return weights


def _with(
    weights: dict[str, list[float]], name: str, knot: int, value: float
) -> dict[str, list[float]]:
    values = [value if place == knot else old for place, old in enumerate(weights[name])]
    return {**weights, name: values}


def _smallest_good(figures: NDArray[np.float64]) -> int:
    """First row of (weights, users) whose mean is within a standard error of the best one's."""
    worse = figures[figures.mean(axis=1).argmax()] - figures
    errors = worse.std(axis=1) / np.sqrt(worse.shape[1])
    return int(np.argmax(worse.mean(axis=1) <= errors))


def _ndcg(seen: _Seen, weights: Weights) -> NDArray[np.float64]:
    """Of a blend, ranking the titles of the shortlist only, shape (users,)."""
    standardised = seen.short.described[..., : len(_BLENDED)]
    blended = np.einsum("ucl,ul->uc", standardised, of_users(weights, seen.lengths))
    blended[seen.short.base == -np.inf] = -np.inf
    best = largest(blended, min(_CUTOFF, blended.shape[1]))
    order = np.argsort(-np.take_along_axis(blended, best, axis=1), axis=1, kind="stable")
    hits = np.take_along_axis(seen.hits, np.take_along_axis(best, order, axis=1), axis=1)
    return ndcg(hits, seen.relevant, _CUTOFF)
