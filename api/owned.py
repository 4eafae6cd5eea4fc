"""What somebody is known to have done with titles: from a request, or from a stored history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from api.bodies import STATUSES, GivenTitle
from schemas import history_codec, ratings
from schemas.errors import PayloadError
from schemas.history_codec import RATING_MASK, STATUS_SHIFT
from schemas.ratings import Recent
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
        if status not in {mark >> STATUS_SHIFT for mark in {*self.marks}}:
            return []
        pairs = zip(self.columns, self.marks, strict=True)
        return [column for column, mark in pairs if mark >> STATUS_SHIFT == status]

    def and_then(self, later: "Owned") -> "Owned":
        """Both; of a title that is in both, what was said later."""
        if not later.columns:
            return self
        both = dict(zip(self.columns, self.marks, strict=True))
        both |= zip(later.columns, later.marks, strict=True)
        return Owned(list(both), list(both.values()))

    def strengths(self, table: Mapping[str, float]) -> list[float]:
        """How much each title counts.

        Raises:
            PayloadError: a mark has no meaning.
        """
        try:
            worth = {mark: _worth(table, mark) for mark in {*self.marks}}
        except (KeyError, ValueError) as error:
            raise PayloadError(f"malformed history: {error}") from error
        return [worth[mark] for mark in self.marks]


def given(titles: Sequence[GivenTitle], column_of: Mapping[AnimeId, Column]) -> Owned:
    """The titles of a request that the catalogue has."""
    usable = {
        column_of[AnimeId(title["anime_id"])]: _mark(title)
        for title in titles
        if title["anime_id"] in column_of
    }
    return Owned(list(usable), list(usable.values()))


def rated(news: Sequence[Recent], column_of: Mapping[AnimeId, Column]) -> Owned:
    """What somebody has rated since their lists were made, of the titles the catalogue has."""
    usable = {
        column_of[one.anime_id]: ratings.mark(one.rating, one.status)
        for one in news
        if one.anime_id in column_of
    }
    return Owned(list(usable), list(usable.values()))


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


def _worth(table: Mapping[str, float], mark: int) -> float:
    return strength(table, mark & RATING_MASK, Status(mark >> STATUS_SHIFT))
