"""Adding up the legs' scores. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from batch.models.legs import Scores

GRID: Final = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
"""Weights tried for a leg, beside the first one's 1."""


def blend(scores: Sequence[Scores], weights: Sequence[float]) -> Scores:
    """Add each user's scores up, the spread of every leg made equal to the first one's.

    Args:
        scores: one array of shape (users, rated) per leg; all are overwritten.
        weights: one per leg, not negative; the first is 1.

    Returns:
        Shape (users, rated), in the units of the first leg.
    """
    total, *others = scores
    _, scale = _mean_and_spread(total)
    for leg, weight in zip(others, weights[1:], strict=True):
        if weight:
            mean, spread = _mean_and_spread(leg)
            factor = np.float32(weight) * scale / spread
            total += np.multiply(leg, factor, out=leg)
            total -= mean * factor
    return total


def _mean_and_spread(scores: Scores) -> tuple[Scores, Scores]:
    """Mean and standard deviation of each row, shape (users, 1), in one pass without copies."""
    mean = scores.mean(axis=1, keepdims=True)
    squares = np.einsum("ij,ij->i", scores, scores)[:, None] / np.float32(scores.shape[1])
    variance = np.maximum(squares - mean * mean, np.finfo(np.float32).tiny)
    return mean, np.sqrt(variance)


def candidates(weights: Sequence[float], leg: int) -> Iterator[list[float]]:
    """The same weights with each value of GRID for one leg."""
    for value in GRID:
        yield [*weights[:leg], value, *weights[leg + 1 :]]
