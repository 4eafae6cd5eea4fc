"""Which of a user's titles speak most for each entry: exact shares of the linear leg. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Contributors:
    """The two largest contributors of each entry, largest first, of one user or of a block.

    `places` are positions in the user's own titles and `parts` what they add to the entry's
    score, both (..., 2, entries); `totals`, (..., entries), is all that adds to it.
    """

    places: NDArray[np.int64]
    parts: Values
    totals: Values

    @property
    def titles(self) -> NDArray[np.int64]:
        """The places, -1 where nothing speaks for the entry."""
        return np.where(self.parts > 0, self.places, -1)

    @property
    def shares(self) -> Values:
        """Parts of the entry's positive score, 0 to 1."""
        totals: Values = np.maximum(self.totals, np.finfo(np.float32).tiny)
        return np.divide(self.parts, totals[..., None, :], dtype=np.float32)

    def put_back(self, order: NDArray[np.intp]) -> "Contributors":
        """Undo that entries were taken in this order, (..., entries)."""
        back = np.argsort(order, axis=-1)
        pairs = back[..., None, :]
        return Contributors(
            np.take_along_axis(self.places, pairs, -1),
            np.take_along_axis(self.parts, pairs, -1),
            np.take_along_axis(self.totals, back, -1),
        )


def two_largest(contributions: Values) -> Contributors:
    """Find one user's; ties go to the title that comes first.

    Args:
        contributions: (titles of the user, entries): strength times coefficient, each title's
            part of each entry's score; overwritten.
    """
    titles, entries = contributions.shape
    places, parts = np.zeros((2, entries), np.int64), np.zeros((2, entries), np.float32)
    if not titles:
        return Contributors(places, parts, parts[0])
    np.maximum(contributions, 0, out=contributions)
    totals = contributions.sum(axis=0)
    at = np.arange(entries)
    for place, part in zip(places, parts, strict=True):
        contributions.argmax(axis=0, out=place)
        part[:] = contributions[place, at]
        contributions[place, at] = 0
    return Contributors(places, parts, totals)


def block_of(users: Sequence[Contributors]) -> Contributors:
    """Put users with as many entries each together, first axis users."""
    return Contributors(
        np.stack([one.places for one in users]),
        np.stack([one.parts for one in users]),
        np.stack([one.totals for one in users]),
    )
