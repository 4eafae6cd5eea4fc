"""Ranking metrics over full rankings; every user counts the same."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from batch.ranking import best_first

Scores = NDArray[np.float32]


def ranked(scores: Scores, seen: csr_array, n: int) -> NDArray[np.intp]:
    """Columns of each user's n best unseen titles, best first, shape (users, n).

    `scores` is overwritten: seen titles sink to minus infinity. Every user must have at least
    n unseen titles.
    """
    rows = np.repeat(np.arange(seen.shape[0]), np.diff(seen.indptr))
    scores[rows, seen.indices] = -np.inf
    return best_first(scores, n)


def hits(ranking: NDArray[np.intp], wanted: csr_array) -> NDArray[np.bool_]:
    """Whether each ranked title is wanted, shape (users, n)."""
    return np.take_along_axis(wanted.astype(bool).toarray(), ranking, axis=1)


def ndcg(hit: NDArray[np.bool_], relevant: NDArray[np.int64], cutoff: int) -> NDArray[np.float64]:
    """Normalised discounted cumulative gain with binary gains, shape (users,).

    Args:
        hit: shape (users, at least cutoff), best first.
        relevant: how many wanted titles each user has, at least 1.
        cutoff: how deep to look.
    """
    discounts = 1 / np.log2(np.arange(2, cutoff + 2))
    ideal = np.cumsum(discounts)[np.minimum(relevant, cutoff) - 1]
    found: NDArray[np.float64] = hit[:, :cutoff] @ discounts / ideal
    return found


def recall(hit: NDArray[np.bool_], relevant: NDArray[np.int64], cutoff: int) -> NDArray[np.float64]:
    """Share of wanted titles found, of those that could be: divides by min(cutoff, relevant)."""
    found: NDArray[np.float64] = hit[:, :cutoff].sum(axis=1) / np.minimum(relevant, cutoff)
    return found


def mean_ndcg(scores: Scores, seen: csr_array, wanted: csr_array, cutoff: int) -> float:
    """Mean NDCG over users who want something, 0 if nobody does; `scores` is overwritten."""
    relevant = np.diff(wanted.indptr)
    users = relevant > 0
    if not users.any():
        return 0.0
    n = min(cutoff, scores.shape[1])
    hit = hits(ranked(scores, seen, n), wanted)[users]
    return float(ndcg(hit, relevant[users], n).mean())
