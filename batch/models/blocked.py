"""A square item-item matrix in column blocks, so that a product of sparse rows stays in cache."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

WIDTH: Final = 1024
"""Columns a block: the rows of popular titles then fit in the second-level cache."""


Gather = Callable[[NDArray[np.int32], NDArray[np.int32]], NDArray[np.float32]]
"""Rows and columns -> the entries at each pair of them, (rows, columns), until the next call."""


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

    def gatherer(self, rows: int, columns: int) -> "Gather":
        """A way to look single entries up, again and again, up to so many rows and columns.

        Its buffers are its own: one for each thread.
        """
        flat = self.blocks.reshape(-1)
        offsets = np.empty((rows, columns), np.int64)
        values = np.empty((rows, columns), np.float32)

        def gather(
            wanted_rows: NDArray[np.int32], wanted_columns: NDArray[np.int32]
        ) -> NDArray[np.float32]:
            part = np.s_[: len(wanted_rows), : len(wanted_columns)]
            across = (wanted_columns // WIDTH).astype(np.int64) * (self.size * WIDTH)
            across += wanted_columns % WIDTH
            down = wanted_rows.astype(np.int64)[:, None] * WIDTH
            np.add(down, across, out=offsets[part])
            # Clipping never happens; it is the mode in which numpy writes straight to `out`.
            return flat.take(offsets[part], out=values[part], mode="clip")

        return gather

    def row(self, index: int) -> NDArray[np.float32]:
        """One row, shape (size,)."""
        return self.blocks[:, index, :].reshape(-1)[: self.size]
