"""From score rows to the best entries, with a rule for every tie. Pure numpy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.ranking_codec import SMALLEST_STEP, TOP_LEVEL

Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Ranked:
    """The best entries of a block of users, best first.

    `columns` and `levels` have shape (users, n). A user with fewer than n candidates has
    `counts[user]` of them; what stands behind those means nothing. Stored scores are
    `floors + steps * levels`.
    """

    columns: NDArray[np.int64]
    levels: NDArray[np.int64]
    counts: NDArray[np.int64]
    floors: NDArray[np.float32]
    steps: NDArray[np.float32]


def best_first(scores: Scores, n: int) -> NDArray[np.intp]:
    """Positions of each row's n largest scores, largest first; ties go to the lower position."""
    kept = np.sort(largest(scores, n), axis=1)
    order = np.argsort(-np.take_along_axis(scores, kept, axis=1), axis=1, kind="stable")
    return np.take_along_axis(kept, order, axis=1)


def largest(scores: Scores, n: int) -> NDArray[np.intp]:
    """Positions of each row's n largest scores, in no order; ties go to the lower position.

    Args:
        scores: shape (rows, columns), no NaN.
        n: how many, from 1 to the number of columns.
    """
    width = scores.shape[1]
    if not 1 <= n <= width:
        raise ValueError(f"n must be from 1 to {width}, got {n}")
    if n == width:
        return np.tile(np.arange(width), (len(scores), 1))
    one_more = np.argpartition(scores, width - n - 1, axis=1)[:, width - n - 1 :]
    kept, values = one_more[:, 1:], np.take_along_axis(scores, one_more, axis=1)
    # A partition picks any of the equal scores at its edge: those rows are cut by the rule.
    for row in np.flatnonzero(values[:, 0] == values[:, 1:].min(axis=1)):
        kept[row] = np.argsort(-scores[row], kind="stable")[:n]
    return kept


def top_n(scores: Scores, columns: NDArray[np.int64], n: int) -> Ranked:
    """Rank each user's n best candidates by stored score, then by catalogue column.

    Args:
        scores: (users, anime); minus infinity marks what is no candidate.
        columns: the catalogue column of each column of `scores`.
        n: list length; a shorter catalogue gives shorter lists.
    """
    kept = largest(scores, min(n, scores.shape[1]))
    values = np.take_along_axis(scores, kept, axis=1)
    usable = values > -np.inf
    floors, steps = _grid(values, usable)
    levels = _levels(values, usable, floors, steps)
    # One integer holds level and column, so that a plain sort applies both rules at once.
    keys = (TOP_LEVEL - levels) << 16 | columns[kept]
    keys[~usable] = np.iinfo(np.int64).max
    keys.sort(axis=1)
    counts = usable.sum(axis=1)
    return Ranked(keys & 0xFFFF, TOP_LEVEL - (keys >> 16), counts, floors, steps)


def _grid(values: Scores, usable: NDArray[np.bool_]) -> tuple[Scores, Scores]:
    """The lowest usable score, and the width of a level, of each row."""
    top = values.max(axis=1, initial=-np.inf)
    floor = np.where(usable, values, np.inf).min(axis=1, initial=np.inf)
    empty = ~usable.any(axis=1)
    top[empty] = floor[empty] = 0.0
    step = (top - floor) / np.float32(TOP_LEVEL)
    return floor, np.where(step >= SMALLEST_STEP, step, np.float32(0))


def _levels(
    values: Scores, usable: NDArray[np.bool_], floors: Scores, steps: Scores
) -> NDArray[np.int64]:
    flat = steps == 0
    width = np.where(flat, np.float32(1), steps)
    above = np.where(usable, values, floors[:, None]) - floors[:, None]
    levels = np.rint(above / width[:, None]).astype(np.int64)
    levels[flat] = TOP_LEVEL
    return np.minimum(levels, TOP_LEVEL)
