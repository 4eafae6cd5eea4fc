"""What somebody is known to have done with titles: from a request, or from a stored history."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from typing import Final

from api.bodies import STATUSES, GivenTitle
from schemas import history_codec
from schemas.errors import PayloadError
from schemas.history_codec import RATING_MASK, STATUS_SHIFT
from schemas.ratings import Recent, mark
from schemas.records import AnimeId, Column, Status
from schemas.strengths import strength

LIKED: Final = 10
"""The rating that a title named without rating and status counts as."""


@dataclass(frozen=True, slots=True)
class Owned:
    """Columns, each once, and the mark of each, as histories are stored."""

    columns: Sequence[int]
    marks: Sequence[int]

    def with_status(self, status: Status) -> list[int]:
        """The columns of the titles with a status."""
        if max(self.marks, default=0) >> STATUS_SHIFT < status:
            return []  # most requests give ratings only
        pairs = zip(self.columns, self.marks, strict=True)
        return [column for column, mark in pairs if mark >> STATUS_SHIFT == status]

    def and_since(self, news: "Owned") -> "Owned":
        """The same with what was said later, which counts where both name a title."""
        if not news.columns:
            return self
        marks = dict(zip(self.columns, self.marks, strict=True))
        marks.update(zip(news.columns, news.marks, strict=True))
        return Owned(list(marks), list(marks.values()))

    def worth(self, of_mark: Mapping[int, float]) -> list[float]:
        """How much each title counts.

        Raises:
            PayloadError: a mark has no meaning.
        """
        try:
            return [of_mark[mark] for mark in self.marks]
        except KeyError as error:
            raise PayloadError(f"malformed history: no title has the mark {error}") from error


def given(titles: Sequence[GivenTitle], column_of: Mapping[AnimeId, Column]) -> Owned:
    """The titles of a request that the catalogue has."""
    usable: dict[Column, int] = {}
    for title in titles:
        column = column_of.get(title["anime_id"])
        if column is not None:
            usable[column] = _mark(title)
    return Owned(list(usable), list(usable.values()))


def rated_since(recent: Sequence[Recent], column_of: Mapping[AnimeId, Column]) -> Owned:
    """The titles of recent ratings that the catalogue has."""
    usable = [one for one in recent if one.anime_id in column_of]
    columns = [column_of[one.anime_id] for one in usable]
    return Owned(columns, [mark(one.rating, one.status) for one in usable])


def remembered(payload: bytes) -> Owned:
    """A stored history.

    Raises:
        PayloadError: the bytes are not a history of a version we know.
    """
    return Owned(*history_codec.parts(payload))


def _mark(title: GivenTitle) -> int:
    status = title.get("status")
    if status is None:
        return title.get("rating", LIKED)
    return title.get("rating", 0) | STATUSES[status] << STATUS_SHIFT


def worth_of_marks(table: Mapping[str, float]) -> Mapping[int, float]:
    """How much a title counts, by its mark, where a table of strengths says it."""
    found: dict[int, float] = {}
    for status, rating in product(Status, range(RATING_MASK + 1)):
        with suppress(KeyError):
            found[mark(rating, status)] = strength(table, rating, status)
    return found
