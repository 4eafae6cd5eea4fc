"""A square item-item matrix in column blocks, so that a product of sparse rows stays in cache."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

WIDTH: Final = 1024
"""Columns a block: the rows of popular titles then fit in the second-level cache."""


@dataclass(frozen=True, slots=True)
class BlockedMatrix:
    """A (size, size) float32 matrix, stored as (blocks, size, WIDTH) and padded with zeros."""

    size: int
    blocks: NDArray[np.float32]

    @classmethod
    def from_square(cls, square: NDArray[np.float32]) -> "BlockedMatrix":
        """Copy a square matrix into blocks."""
        size = len(square)
        blocks = np.zeros((-(-size // WIDTH), size, WIDTH), np.float32)
        for index, block in enumerate(blocks):
            part = square[:, index * WIDTH : (index + 1) * WIDTH]
            block[:, : part.shape[1]] = part
        return cls(size, blocks)

    def save(self, path: Path) -> None:
        """Write as .npy."""
        np.save(path, self.blocks, allow_pickle=False)

    @classmethod
    def load(cls, path: Path) -> "BlockedMatrix":
        """Read the file; not mapped, since only memory of our own gets huge pages."""
        blocks = np.load(path, allow_pickle=False)
        return cls(blocks.shape[1], blocks)

    def left_multiply(self, rows: csr_array, out: NDArray[np.float32]) -> NDArray[np.float32]:
        """Write `rows @ self` into `out`; both have shape (users, size).

        Each result row depends on its own input row only, bit for bit.
        """
        for index, block in enumerate(self.blocks):
            first = index * WIDTH
            part = out[:, first : first + WIDTH]
            part[:] = (rows @ block)[:, : part.shape[1]]
        return out

    def row_offsets(self, rows: NDArray[np.integer]) -> NDArray[np.int64]:
        """What a row adds to the place of an entry in `blocks`, flattened; plus the column's."""
        return rows.astype(np.int64) * WIDTH

    def column_offsets(self, columns: NDArray[np.integer]) -> NDArray[np.int64]:
        """What a column adds to the place of an entry in `blocks`, flattened."""
        block, within = np.divmod(columns.astype(np.int64), WIDTH)
        return block * (self.size * WIDTH) + within

    def row(self, index: int) -> NDArray[np.float32]:
        """One row, shape (size,)."""
        return self.blocks[:, index, :].reshape(-1)[: self.size]
