"""Counts, per anime, what the written interactions say, for the columns of anime.csv."""

import numpy as np

from batch.sample.features import Integers
from batch.sample.taste import Interactions

_STATUSES = 7
_RATINGS = 11


class Tally:
    """``statuses`` has shape (anime, 7) and ``ratings`` (anime, 11); rating 0 is unscored."""

    def __init__(self, anime: int) -> None:
        self.statuses = np.zeros((anime, _STATUSES), dtype=np.int64)
        self.ratings = np.zeros((anime, _RATINGS), dtype=np.int64)

    def add(self, rows: Interactions) -> None:
        _count(self.statuses, rows.column, rows.status)
        _count(self.ratings, rows.column, rows.rating)

    @property
    def rows(self) -> int:
        return int(self.statuses.sum())

    def members(self) -> Integers:
        members: Integers = self.statuses.sum(axis=1)
        return members

    def scores(self) -> list[float | None]:
        """The mean of the ratings with two decimals; None where nobody rated."""
        points = self.ratings @ np.arange(_RATINGS)
        raters = self.ratings[:, 1:].sum(axis=1)
        pairs = zip(points.tolist(), raters.tolist(), strict=True)
        return [round(sum_ / number, 2) if number else None for sum_, number in pairs]


def _count(table: Integers, column: Integers, value: Integers) -> None:
    cells = np.bincount(column * table.shape[1] + value, minlength=table.size)
    table += cells.reshape(table.shape)
