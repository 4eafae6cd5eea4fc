"""Which titles speak for each entry of each list: looks the linear leg's coefficients up."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from batch.models.blocked import BlockedMatrix
from batch.reasons import Contributors, block_of, two_largest
from batch.scoring import Model

Positions = NDArray[np.integer]


def contributors(model: Model, strengths: csr_array, entries: Positions) -> Contributors:
    """The two largest contributors of each entry of a block of users.

    Args:
        model: whose linear leg is asked.
        strengths: what each user likes, (users, rated).
        entries: titles in model order, (users, entries).
    """
    order = np.argsort(entries, axis=1)  # neighbours in memory are looked up together
    block = _Block(model, strengths, np.take_along_axis(entries, order, axis=1))
    users = [two_largest(block.contributions(user)) for user in range(len(entries))]
    return block_of(users).put_back(order)


class _Block:
    """Strength times coefficient, user by user, with all that can be done at once done once."""

    def __init__(self, model: Model, strengths: csr_array, entries: Positions) -> None:
        self._model, self._entries, self._strengths = model, entries, strengths.data
        self._starts = strengths.indptr.tolist()
        self._rated = np.minimum(entries, model.rated - 1)
        self._unrated = [np.flatnonzero(row) for row in entries >= model.rated]
        lookup = model.linear.coefficients
        self._down = lookup.row_offsets(strengths.indices)
        self._across = lookup.column_offsets(self._rated)
        self._gather = _Gather(lookup, int(np.diff(strengths.indptr).max(initial=0)), self._widest)

    @property
    def _widest(self) -> int:
        sources: int = self._model.sources[0].shape[1]
        return len(self._entries[0]) + sources * max(map(len, self._unrated))

    def contributions(self, user: int) -> NDArray[np.float32]:
        """(titles of the user, entries); good until the next call.

        An unrated entry counts what the rated titles it takes its score from get.
        """
        part = slice(self._starts[user], self._starts[user + 1])
        across, unrated = self._across[user], self._unrated[user]
        if len(unrated):
            rows = self._entries[user, unrated] - self._model.rated
            sources, weights = (of_all[rows] for of_all in self._model.sources)
            more = self._model.linear.coefficients.column_offsets(sources.ravel())
            across = np.concatenate((across, more))
        looked_up = self._gather(self._down[part], across)
        found = looked_up[:, : self._entries.shape[1]]
        if len(unrated):
            parts = looked_up[:, found.shape[1] :].reshape(-1, *sources.shape)
            found[:, unrated] = np.einsum("tes,es->te", parts, weights)
        found *= self._strengths[part, None]
        return found


class _Gather:
    """Looks pairs of rows and columns up, into buffers of its own that each call reuses."""

    def __init__(self, matrix: BlockedMatrix, rows: int, columns: int) -> None:
        self._flat = matrix.blocks.reshape(-1)
        self._offsets = np.empty(rows * columns, np.int64)
        self._values = np.empty(rows * columns, np.float32)

    def __call__(self, down: NDArray[np.int64], across: NDArray[np.int64]) -> NDArray[np.float32]:
        shape, size = (len(down), len(across)), len(down) * len(across)
        offsets = self._offsets[:size].reshape(shape)
        np.add(down[:, None], across, out=offsets)
        # Clipping never happens; it is the mode in which numpy writes straight to `out`.
        return self._flat.take(offsets, out=self._values[:size].reshape(shape), mode="clip")
