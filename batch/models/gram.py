"""The damped Gram matrix of users' strengths: a sum over shards that is exact in any order."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

_GRID: Final = 4096
"""Strengths are rounded to this grid. Products then are multiples of 2**-24, and float64 adds
a billion of them without rounding: shards, runners and retries cannot change the sum."""
_ROWS_AT_ONCE: Final = 1024


def damped(strengths: csr_array, damping: float) -> csr_array:
    """Divide each user's row by its sum to the power `damping`, rounded to the grid, float64.

    Heavy users would otherwise decide what goes with what.
    """
    sums = np.asarray(abs(strengths).sum(axis=1), dtype=np.float64).ravel()
    scale = np.where(sums > 0, np.maximum(sums, 1e-12) ** -damping, 0.0)
    values = strengths.data * np.repeat(scale, np.diff(strengths.indptr))
    rounded = np.rint(values * _GRID) / _GRID
    return csr_array((rounded, strengths.indices, strengths.indptr), strengths.shape)


def add_gram(total: NDArray[np.float64], strengths: csr_array, damping: float) -> None:
    """Add one shard's Gram matrix to `total`, shape (rated, rated), in place."""
    rows = damped(strengths, damping)
    shard = (rows.T @ rows).tocsr()
    for start in range(0, len(total), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        total[part] += shard[part].toarray()
