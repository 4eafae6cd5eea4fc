"""Ranking metrics over full rankings; every user counts the same."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from batch.ranking import best_first

Scores = NDArray[np.float32]
NDCG_10: Final = "ndcg@10"
"""What manifests call mean NDCG with cutoff 10."""
NOTHING: Final = -1
"""Stands in a ranking where a user has no title left."""


def ranked(scores: Scores, seen: csr_array, n: int) -> NDArray[np.intp]:
    """Columns of each user's n best unseen titles, best first, shape (users, at most n).

    Where a user has fewer, NOTHING follows them. `scores` is overwritten: seen titles sink to
    minus infinity.
    """
    rows = np.repeat(np.arange(seen.shape[0]), np.diff(seen.indptr))
    scores[rows, seen.indices] = -np.inf
    best = best_first(scores, min(n, scores.shape[1]))
    return np.where(np.take_along_axis(scores, best, axis=1) > -np.inf, best, NOTHING)


def hits(ranking: NDArray[np.signedinteger], wanted: csr_array) -> NDArray[np.bool_]:
    """Whether each ranked title is wanted, in the shape of `ranking`."""
    users, width = wanted.shape
    rows = np.arange(users, dtype=np.int64)
    wanted_cells = np.repeat(rows * width, np.diff(wanted.indptr)) + wanted.indices
    found: NDArray[np.bool_] = np.isin(ranking + rows[:, None] * width, wanted_cells)
    found &= ranking != NOTHING
    return found


def ndcg(hit: NDArray[np.bool_], relevant: NDArray[np.int64], cutoff: int) -> NDArray[np.float64]:
    """Normalised discounted cumulative gain with binary gains, shape (users,).

    Args:
        hit: shape (users, depth), best first; what lies deeper is no hit.
        relevant: how many wanted titles each user has, at least 1.
        cutoff: how deep to look.
    """
    discounts = 1 / np.log2(np.arange(2, cutoff + 2))
    ideal = np.cumsum(discounts)[np.minimum(relevant, cutoff) - 1]
    hit = hit[:, :cutoff]
    found: NDArray[np.float64] = hit @ discounts[: hit.shape[1]] / ideal
    return found


def recall(hit: NDArray[np.bool_], relevant: NDArray[np.int64], cutoff: int) -> NDArray[np.float64]:
    """Share of wanted titles found, of those that could be: divides by min(cutoff, relevant)."""
    found: NDArray[np.float64] = hit[:, :cutoff].sum(axis=1) / np.minimum(relevant, cutoff)
    return found


def average_precision(
    hit: NDArray[np.bool_], relevant: NDArray[np.int64], cutoff: int
) -> NDArray[np.float64]:
    """Mean over all wanted titles of the precision at their place, 0 for those not found.

    As in trec_eval, it divides by `relevant` even where that is more than `cutoff`.
    """
    hit = hit[:, :cutoff]
    precision = np.cumsum(hit, axis=1) / np.arange(1, hit.shape[1] + 1)
    found: NDArray[np.float64] = (precision * hit).sum(axis=1) / relevant
    return found


def reciprocal_rank(hit: NDArray[np.bool_], cutoff: int) -> NDArray[np.float64]:
    """One over the place of the first hit, 0 if there is none."""
    hit = hit[:, :cutoff]
    return np.where(hit.any(axis=1), 1.0 / (hit.argmax(axis=1) + 1), 0.0)


def mean_ndcg(scores: Scores, seen: csr_array, wanted: csr_array, cutoff: int) -> float:
    """Mean NDCG over users who want something, 0 if nobody does; `scores` is overwritten."""
    relevant = np.diff(wanted.indptr)
    users = relevant > 0
    if not users.any():
        return 0.0
    hit = hits(ranked(scores, seen, cutoff), wanted)[users]
    return float(ndcg(hit, relevant[users], cutoff).mean())
