"""Adding up the legs' scores, with weights that depend on how much a user has. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from batch.models.legs import Scores

GRID: Final = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Weights tried for a leg, beside the first one's 1."""
FEW: Final = 10
"""Somebody with at most so many titles is a newcomer. We meet them in the middle of a long history
of which we know little; a regular with a short list has little else."""
KNOTS: Final = (1, 3, FEW, FEW + 1, 32, 100, 320)
"""Numbers of titles for which weights are learned; between them they follow the logarithm."""

POPULARITY: Final = "popularity"
"""What weights call the popularity of titles: it is blended in as if it were a leg."""

Weights = Mapping[str, Sequence[float]]
"""Leg, or POPULARITY -> its weight at each knot, not negative; the first leg's are 1."""


def shares(lengths: NDArray[np.integer]) -> NDArray[np.float32]:
    """How much of each knot's weights a user with so many titles gets, shape (users, knots)."""
    logs, knots = np.log(np.maximum(lengths, 1)), np.log(KNOTS)
    columns = [np.interp(logs, knots, one) for one in np.eye(len(KNOTS))]
    return np.stack(columns, axis=1).astype(np.float32)


def of_users(weights: Weights, lengths: NDArray[np.integer]) -> NDArray[np.float32]:
    """Each user's weight for each leg, shape (users, legs)."""
    table = np.array(list(weights.values()), np.float32)
    found: NDArray[np.float32] = shares(lengths) @ table.T
    return found


def moments(scores: Scores) -> tuple[Scores, Scores]:
    """Mean and standard deviation of each row, shape (users, 1), in one pass without copies."""
    mean = scores.mean(axis=1, keepdims=True)
    squares = np.einsum("ij,ij->i", scores, scores)[:, None] / np.float32(scores.shape[1])
    variance = np.maximum(squares - mean * mean, np.finfo(np.float32).tiny)
    return mean, np.sqrt(variance)


def blend(scores: Sequence[Scores], weights: NDArray[np.float32]) -> Scores:
    """Add each user's scores up, the spread of every leg made equal to the first one's.

    Args:
        scores: one array per leg, of shape (users, rated), or (1, rated) where all users share it.
        weights: shape (users, legs), not negative; the first leg counts once whatever it says.

    Returns:
        Shape (users, rated), in the units of the first leg.
    """
    total = scores[0].copy()
    _, scale = moments(total)
    for leg, weight in zip(scores[1:], weights.T[1:], strict=True):
        if weight.any():
            mean, spread = moments(leg)
            total += (leg - mean) * (weight[:, None] * scale / spread)
    return total
