"""Which of a user's titles speak most for each entry: exact shares of the linear leg. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Contributors:
    """The two largest contributors of each entry, shape (2, entries), largest first.

    `titles` are positions in the user's own titles, -1 where nothing speaks for the entry;
    `shares` are of the entry's positive score, 0 to 1.
    """

    titles: NDArray[np.int64]
    shares: Values

    def put_back(self, order: NDArray[np.intp]) -> "Contributors":
        """Undo that entries were taken in this order."""
        back = np.argsort(order)
        return Contributors(self.titles[:, back], self.shares[:, back])


def two_largest(contributions: Values) -> Contributors:
    """Find them; ties go to the title that comes first.

    Args:
        contributions: (titles of the user, entries): strength times coefficient, each title's
            part of each entry's score; overwritten.
    """
    titles, entries = contributions.shape
    if not titles:
        return Contributors(np.full((2, entries), -1), np.zeros((2, entries), np.float32))
    np.maximum(contributions, 0, out=contributions)
    totals = contributions.sum(axis=0)
    at = np.arange(entries)
    first = contributions.argmax(axis=0)
    best = contributions[first, at]
    contributions[first, at] = 0
    second = contributions.argmax(axis=0)
    values = np.stack((best, contributions[second, at]))
    shares = values / np.maximum(totals, np.finfo(np.float32).tiny)
    return Contributors(np.where(values > 0, np.stack((first, second)), -1), shares)
