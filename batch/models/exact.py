"""Products of rows that come out the same, bit for bit, wherever in a block a row stands.

BLAS sums in an order that depends on a row's place in its block. Rows that lie on a grid, coarse
enough that no sum of their products needs rounding, have the same sum in any order.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]

_TITLE_GRID: Final = 2**11
_TASTE_GRID: Final = 2**12
"""Products of two rows of length one are multiples of 2**-23 and sum up to less than 2."""


def lengths(rows: Rows) -> Rows:
    """Euclidean length of each row, shape (rows, 1), never zero."""
    found: Rows = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.maximum(found, np.finfo(np.float32).tiny)


def on_grid(values: Rows, grid: int) -> Rows:
    """Round to multiples of 1 / grid, a power of two."""
    found: Rows = np.rint(values * np.float32(grid)) / np.float32(grid)
    return found


def unit_titles(rows: Rows) -> Rows:
    """Rows of length one on the titles' grid."""
    return on_grid(rows / lengths(rows), _TITLE_GRID)


def unit_tastes(rows: Rows) -> Rows:
    """Rows of length one on the grid that `unit_titles` may be multiplied with."""
    return on_grid(rows / lengths(rows), _TASTE_GRID)
