"""Live scores from influence rows: pure numpy, no Redis and no HTTP.

Where there is a compiler, _live.pyx does the same in one pass, in less than half the time.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray

from api.lines import Lines
from api.owned import Worth
from schemas import influence_codec
from schemas.errors import PayloadError
from schemas.newcomers import FAME_POWER
from schemas.ranking_codec import NO_COLUMN, NO_REASONS, SHARE_SCALE, Because

Columns = NDArray[np.intp]
Values = NDArray[np.float64]
Mask = NDArray[np.bool_]

_FAMOUS: Final = 512
"""How many of the best known titles are looked at first for the highest scores."""
_SMALLEST: Final = 5e-324
"""The smallest number above zero."""
_START: Final = len(influence_codec.HEADER)


@dataclass(frozen=True, slots=True)
class Fame:
    """How well known each title is, (anime,), in standard deviations from the mean of the rated
    ones, of which there are `rated`; `first` are the columns of those above the mean, best known
    first.
    """

    values: NDArray[np.float32]
    rated: int
    first: Columns

    @classmethod
    def of(cls, raters: Sequence[int]) -> "Fame":
        """By how many rated each."""
        roots = np.array(raters, np.float64) ** FAME_POWER
        known = roots[roots > 0]
        spread = float(known.std()) if known.size else 0.0
        values = (roots - known.mean()) / spread if spread else np.zeros_like(roots)
        rounded = values.astype(np.float32)
        first = np.argsort(-rounded, kind="stable")[: np.count_nonzero(rounded > 0)]
        return cls(rounded, known.size, first)


class Influences:
    """Rows of several titles, each times how much its title counts.

    Args:
        given: the titles, by column.
        strengths: how much each counts; below zero where somebody dislikes it.
        rows: of each, as schemas.influence_codec writes it; None is an empty one.
        size: how many titles there are in all.

    Raises:
        PayloadError: a row cannot be read.
    """

    def __init__(
        self,
        given: list[int],
        strengths: list[float],
        rows: Sequence[bytes | None],
        size: int,
    ) -> None:
        sizes = [0 if row is None else influence_codec.length(row) for row in rows]
        parts = [(row, size) for row, size in zip(rows, sizes, strict=True) if row is not None]
        values = _coefficients(parts)
        values *= np.repeat(np.asarray(strengths, dtype=np.float64), sizes)
        if not isfinite(values.sum()):
            raise PayloadError("an influence row holds a coefficient that is not finite")
        # The row of given[i] ends before ends[i]; there columns[j] is moved by values[j].
        self._given, self._liked = given, [strength > 0 for strength in strengths]
        self._ends: Columns = np.cumsum(sizes, dtype=np.intp)
        self._columns, self._values, self._size = _columns(parts), values, size
        if values.size and self._columns.max() >= size:
            raise PayloadError(f"an influence row names title {self._columns.max()} of {size}")

    @staticmethod
    def loudest(
        columns: "array[int]",
        marks: bytes,
        worth: Worth,
        allowed: Mask | None,
        most: int,
    ) -> tuple[list[int], list[float]]:
        """The titles that say most, first the loudest, and how much each counts.

        Args:
            columns: titles that somebody knows, as an array of type H.
            marks: of each.
            worth: how much a title counts, by its mark; those that count nothing say nothing.
            allowed: which titles of the catalogue are looked for: these, if known, say twice as
                much.
            most: how many to return at most, where not all can be asked for their rows.

        Raises:
            PayloadError: a mark has no meaning.
            ValueError: there are more of one than of the other.
        """
        if len(marks) != len(columns):
            raise ValueError("not one mark for each title")
        known, strengths = np.asarray(columns, np.intp), worth[np.frombuffer(marks, np.uint8)]
        if np.isnan(strengths).any():
            strange = marks[int(np.isnan(strengths).argmax())]
            raise PayloadError(f"malformed history: no title has the mark {strange}")
        said = np.abs(strengths) * (1 if allowed is None else 1 + allowed[known])
        chosen = np.argsort(-said, kind="stable")[: min(most, np.count_nonzero(said))]
        return known[chosen].tolist(), strengths[chosen].tolist()

    def best(
        self,
        fame: Fame,
        weight: float,
        banned: bytes,
        limit: int,
        allowed: Mask | None = None,
    ) -> Lines:
        """The titles with the highest positive scores, best first, without reasons; ties go to the
        lower column.

        A score is what the rows say of a title together and, since a few titles say little about
        somebody, how well known it is: then it is safer to name what many have watched.

        Args:
            fame: of every title.
            weight: how many standard deviations of the sums count as one of fame's; 0: none.
            banned: 1 for each title that is never returned, else 0.
            limit: how many to return at most.
            allowed: which titles may be returned; None: every other.
        """
        scores = self._with_fame(self._sums(), fame, weight)
        scores[np.frombuffer(banned, np.bool_)] = 0.0
        if allowed is not None:
            scores *= allowed
        columns = _highest(scores, limit, fame.first[:_FAMOUS])
        return Lines(columns.tolist(), scores[columns].tolist())

    def explain(self, found: Lines) -> Lines:
        """The same titles with the two that speak most for each.

        Disliked titles never speak: nobody is told to watch one because of another they disliked.
        """
        return Lines(found.columns, found.scores, self._reasons(found.columns))

    def _sums(self) -> Values:
        """What the rows say of each title together, shape (size,)."""
        sums = np.bincount(self._columns, self._values, minlength=self._size)
        return np.asarray(sums, dtype=np.float64)

    def _with_fame(self, sums: Values, fame: Fame, weight: float) -> Values:
        if not weight or not fame.rated:
            return sums
        # Most sums are zero. Those that are not come to as much when asked entry by entry.
        mean = float(self._values.sum()) / fame.rated
        squares = float(np.einsum("i,i->", self._values, sums[self._columns]))
        spread = max(squares / fame.rated - mean * mean, 0.0) ** 0.5
        found: Values = np.multiply(fame.values, weight * spread, dtype=np.float64)
        found += sums
        return found

    def _reasons(self, columns: Sequence[int]) -> list[Because]:
        place = np.full(self._size, -1, dtype=np.int16)  # as small as can be: all of it is written
        place[np.asarray(columns, np.intp)] = np.arange(len(columns))
        places = place[self._columns]
        found = (places >= 0).nonzero()[0]  # few: what is left is faster without numpy
        rows = self._ends.searchsorted(found, "right").tolist()
        speaking: list[list[tuple[float, int]]] = [[] for _ in columns]
        values = self._values[found].tolist()
        for row, at, value in zip(rows, places[found].tolist(), values, strict=True):
            if value > 0 and self._liked[row]:
                speaking[at].append((value, self._given[row]))
        return [_two(titles) for titles in speaking]


def fastest() -> type[Influences]:
    """The same compiled, where there was a compiler."""
    try:
        from api._live import Influences as Compiled
    except ModuleNotFoundError as error:
        if error.name != "api._live":
            raise
        return Influences
    return Compiled


def _highest(scores: Values, limit: int, likely: Columns) -> Columns:
    """The columns of the highest positive scores, best first."""
    good = np.flatnonzero(scores >= max(_at_least(scores[likely], limit), _SMALLEST))
    if good.size > limit:
        last = np.partition(scores[good], -limit)[-limit]
        good = good[scores[good] >= last]
    best_first: Columns = np.argsort(-scores[good], kind="stable")
    return good[best_first][:limit]


def _at_least(some: Values, limit: int) -> float:
    """What the lowest of the highest scores is, or more: where some have it, all have."""
    return float(np.partition(some, -limit)[-limit]) if some.size >= limit else 0.0


def _two(speaking: Sequence[tuple[float, int]]) -> Because:
    """The two that say most, and their shares of all that is said; ties go to lower columns."""
    if not speaking:
        return NO_REASONS
    total = sum([value for value, _ in speaking])
    two = sorted(speaking, key=lambda pair: (-pair[0], pair[1]))[:2]
    said = [(title, round(value / total * SHARE_SCALE)) for value, title in two]
    (first, share), (second, other) = said if len(said) == 2 else (*said, (NO_COLUMN, 0))
    return first, share, second, other


def _columns(parts: Sequence[tuple[bytes, int]]) -> Columns:
    joined = b"".join([row[_START : _START + 2 * n] for row, n in parts])
    return np.frombuffer(joined, "<u2").astype(np.intp)


def _coefficients(parts: Sequence[tuple[bytes, int]]) -> Values:
    joined = b"".join([row[_START + 2 * n :] for row, n in parts])
    return np.frombuffer(joined, "<f2").astype(np.float64)
