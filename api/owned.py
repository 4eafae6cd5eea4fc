"""What somebody is known to have done with titles: from a request, or from a stored history."""

from array import array
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import product
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from api.bodies import STATUSES, GivenTitle
from schemas import history_codec
from schemas.history_codec import RATING_MASK, STATUS_SHIFT
from schemas.ratings import Recent, mark
from schemas.records import AnimeId, Column, Status
from schemas.strengths import strength

Worth = NDArray[np.float64]
"""How much a title counts, by its mark, (256,); NaN for a mark that no title has."""
_MARKS: Final = 256
LIKED: Final = 10
"""The rating that a title named without rating and status counts as."""


class Owned(NamedTuple):
    """Columns, each once, as an array of type H, and the mark of each, as histories are stored."""

    columns: "array[int]"
    marks: bytes

    def and_since(self, news: "Owned") -> "Owned":
        """The same with what was said later, which counts where both name a title."""
        if not news.columns:
            return self
        marks = dict(zip(self.columns, self.marks, strict=True))
        marks.update(zip(news.columns, news.marks, strict=True))
        return Owned(array("H", marks), bytes(marks.values()))


NOTHING: Final = Owned(array("H"), b"")


def given(titles: Sequence[GivenTitle], column_of: Mapping[AnimeId, Column]) -> Owned:
    """The titles of a request that the catalogue has."""
    usable: dict[Column, int] = {}
    for title in titles:
        column = column_of.get(title["anime_id"])
        if column is not None:
            usable[column] = _mark(title)
    return Owned(array("H", usable), bytes(usable.values()))


def rated_since(recent: Sequence[Recent], column_of: Mapping[AnimeId, Column]) -> Owned:
    """The titles of recent ratings that the catalogue has."""
    usable = [one for one in recent if one.anime_id in column_of]
    columns = array("H", [column_of[one.anime_id] for one in usable])
    return Owned(columns, bytes([mark(one.rating, one.status) for one in usable]))


def remembered(payload: bytes | None) -> Owned:
    """A stored history; nothing where none is stored.

    Raises:
        PayloadError: the bytes are not a history of a version we know.
    """
    return NOTHING if payload is None else Owned(*history_codec.parts(payload))


def _mark(title: GivenTitle) -> int:
    status = title.get("status")
    if status is None:
        return title.get("rating", LIKED)
    return title.get("rating", 0) | STATUSES[status] << STATUS_SHIFT


def worth_of_marks(table: Mapping[str, float]) -> Worth:
    """How much a title counts, where a table of strengths says it."""
    found = np.full(_MARKS, np.nan)
    for status, rating in product(Status, range(RATING_MASK + 1)):
        with suppress(KeyError):
            found[mark(rating, status)] = strength(table, rating, status)
    return found
