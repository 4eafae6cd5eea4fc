"""The numbers of interaction rows as arrays, with the rules that say which rows are usable."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from batch.ingest.layouts import STATUS
from batch.ingest.rejects import CODES, Reason
from schemas.records import Status

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Codes = NDArray[np.uint8]

MAX_RATING: Final = 10
FINE: Final = 255
"""The verdict on a row without fault; any other value is a code of `rejects.REASONS`."""

_STATUSES: Final = [status for status in Status if status is not Status.UNKNOWN]


@dataclass(frozen=True, slots=True)
class RowShape:
    """Columns of an interaction file, and the rating that means "none given", if any does."""

    columns: tuple[str, ...]
    unscored: int | None

    @property
    def has_status(self) -> bool:
        return STATUS in self.columns

    @property
    def used(self) -> tuple[int, ...]:
        """Positions of user, anime, rating and, if there is one, status."""
        return _positions(self.columns)


@cache
def _positions(columns: tuple[str, ...]) -> tuple[int, ...]:
    names = ("user_id", "anime_id", "rating", STATUS)
    return tuple(columns.index(name) for name in names if name in columns)


@dataclass(frozen=True, slots=True)
class Numbers:
    """What rows say, not judged yet; all arrays have one length.

    A user or anime id too large for its type is negative here. `not_numbers` marks rows with
    a value that is no number; None: there are none.
    """

    users: Ints
    anime: Ints
    ratings: Floats
    statuses: Floats | None
    not_numbers: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """Usable interactions; int64, int32, int8, int8, one length. An unscored rating is 0."""

    users: Ints
    anime: NDArray[np.int32]
    ratings: NDArray[np.int8]
    statuses: NDArray[np.int8]

    def take(self, order: NDArray[np.intp] | NDArray[np.bool_] | slice) -> "Rows":
        return Rows(self.users[order], self.anime[order], self.ratings[order], self.statuses[order])


def concatenate(parts: Sequence[Rows]) -> Rows:
    """Put rows behind one another; there must be at least one part."""
    return Rows(
        np.concatenate([part.users for part in parts]),
        np.concatenate([part.anime for part in parts]),
        np.concatenate([part.ratings for part in parts]),
        np.concatenate([part.statuses for part in parts]),
    )


def judge(numbers: Numbers, shape: RowShape, known: NDArray[np.int32]) -> Codes:
    """Say for each row FINE or the code of the first reason against it.

    Args:
        numbers: any length.
        shape: says which rating means unscored.
        known: the anime ids of the catalogue.
    """
    faults = {
        Reason.BAD_NUMBER: _not_numbers(numbers),
        Reason.USER_OUT_OF_RANGE: numbers.users < 0,
        Reason.UNKNOWN_ANIME: ~np.isin(numbers.anime, known),
        Reason.RATING_OUT_OF_RANGE: ~_rating_fits(numbers.ratings, shape.unscored),
    }
    if numbers.statuses is not None:
        faults[Reason.UNKNOWN_STATUS] = ~np.isin(numbers.statuses, _STATUSES)
    verdicts = np.full(numbers.users.size, FINE, dtype=np.uint8)
    for reason in reversed(faults):
        verdicts[faults[reason]] = CODES[reason]
    return verdicts


def _not_numbers(numbers: Numbers) -> NDArray[np.bool_]:
    odd = ~np.isfinite(numbers.ratings)
    if numbers.statuses is not None:
        odd |= ~np.isfinite(numbers.statuses)
    return odd if numbers.not_numbers is None else odd | numbers.not_numbers


def _rating_fits(ratings: Floats, unscored: int | None) -> NDArray[np.bool_]:
    fits: NDArray[np.bool_] = (ratings >= 1) & (ratings <= MAX_RATING)
    fits &= ratings == np.floor(ratings)
    return fits if unscored is None else fits | (ratings == unscored)


def usable(numbers: Numbers, fine: NDArray[np.bool_]) -> Rows:
    """Keep the rows that were judged fine, in their final types."""
    ratings = numbers.ratings[fine]
    if numbers.statuses is None:
        statuses = np.full(ratings.size, Status.COMPLETED, dtype=np.int8)
    else:
        statuses = numbers.statuses[fine].astype(np.int8)
    return Rows(
        numbers.users[fine],
        numbers.anime[fine].astype(np.int32),
        np.maximum(ratings, 0).astype(np.int8),
        statuses,
    )
