"""How sure a mean over users is: bootstrap intervals and paired tests. Pure numpy."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

RESAMPLES: Final = 1000
FLIPS: Final = 10_000
"""So that no p-value is below one in ten thousand."""
_AT_ONCE: Final = 200


def intervals(values: Values, seed: int, level: float = 0.95) -> tuple[Values, Values]:
    """Percentile bootstrap intervals of the means over users, for all columns at once.

    Args:
        values: shape (users, columns), at least one user.
        seed: fixes the resamples.
        level: how often an interval should cover the true mean.

    Returns:
        Lower and upper ends, each (columns,).
    """
    random = np.random.default_rng(seed)
    users = len(values)
    means = np.empty((RESAMPLES, values.shape[1]))
    for part in _parts(RESAMPLES):
        drawn = random.integers(users, size=(part.stop - part.start, users), dtype=np.int32)
        times = np.stack([np.bincount(row, minlength=users) for row in drawn])
        means[part] = times @ values / users
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def sign_flip_test(differences: Values, seed: int) -> Values:
    """Two-sided paired permutation test of a mean difference of zero, for all columns at once.

    If two methods were the same, each user's difference could as well have the other sign.

    Args:
        differences: per user, shape (users, columns), at least one user.
        seed: fixes the flips.

    Returns:
        p-values, (columns,), at least 1 / (FLIPS + 1).
    """
    random = np.random.default_rng(seed)
    # A hair's breadth of tolerance: sums in another order must not look larger.
    found = np.abs(differences.sum(axis=0)) * (1 - 1e-6) - 1e-9
    larger = np.zeros(differences.shape[1])
    for part in _parts(FLIPS):
        bits = random.integers(2, size=(part.stop - part.start, len(differences)), dtype=np.int8)
        signs = bits.astype(np.float64) * 2 - 1
        larger += (np.abs(signs @ differences) >= found).sum(axis=0)
    p: Values = (larger + 1) / (FLIPS + 1)
    return p


def _parts(n: int) -> Iterator[slice]:
    return (slice(first, min(first + _AT_ONCE, n)) for first in range(0, n, _AT_ONCE))
