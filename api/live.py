"""Live scores from influence rows: pure numpy, no Redis and no HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray

from api.lines import Lines
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
class Influences:
    """Rows of several titles end to end: that of `given[i]`, which is liked or not, ends before
    `ends[i]`; there `columns[j]` is moved by `values[j]`.
    """

    given: Sequence[int]
    liked: Sequence[bool]
    ends: Columns
    columns: Columns
    values: Values


@dataclass(frozen=True, slots=True)
class Fame:
    """How well known each title is, (anime,), in standard deviations from the mean of the rated
    ones, of which there are `rated`; `first` are the columns of the best known.
    """

    values: Values
    rated: int
    first: Columns

    @classmethod
    def of(cls, raters: Sequence[int]) -> "Fame":
        """By how many rated each."""
        roots = np.array(raters, np.float64) ** FAME_POWER
        known = roots[roots > 0]
        spread = float(known.std()) if known.size else 0.0
        values = (roots - known.mean()) / spread if spread else np.zeros_like(roots)
        return cls(values, known.size, np.argsort(-values, kind="stable")[:_FAMOUS])


def weigh(
    given: Sequence[int], strengths: Sequence[float], rows: Sequence[bytes | None]
) -> Influences:
    """Multiply each title's row by the strength of the title; None is an empty row.

    Raises:
        PayloadError: a row cannot be read.
    """
    sizes = [0 if row is None else influence_codec.length(row) for row in rows]
    parts = [(row, size) for row, size in zip(rows, sizes, strict=True) if row is not None]
    values = _coefficients(parts)
    values *= np.repeat(np.asarray(strengths, dtype=np.float64), sizes)
    if not isfinite(values.sum()):
        raise PayloadError("an influence row holds a coefficient that is not finite")
    liked = [strength > 0 for strength in strengths]
    return Influences(given, liked, np.cumsum(sizes, dtype=np.intp), _columns(parts), values)


def add_up(influences: Influences, size: int) -> Values:
    """What the rows say of each title together, shape (size,)."""
    sums = np.bincount(influences.columns, influences.values, minlength=size)
    return np.asarray(sums, dtype=np.float64)


def with_fame(sums: Values, influences: Influences, fame: Fame, weight: float) -> Values:
    """The sums of some rows with how well known titles are: `weight` standard deviations of the
    sums for each of fame's.

    A few titles say little about somebody; then it is safer to name what many have watched.
    """
    if not weight or not fame.rated:
        return sums
    # Most sums are zero. Those that are not come to as much when asked entry by entry.
    values = influences.values
    mean = float(values.sum()) / fame.rated
    squares = float(np.einsum("i,i->", values, sums[influences.columns]))
    spread = max(squares / fame.rated - mean * mean, 0.0) ** 0.5
    found: Values = fame.values * (weight * spread)
    found += sums
    return found


def best(
    scores: Values,
    banned: Sequence[int],
    limit: int,
    fame: Fame,
    allowed: Mask | None = None,
) -> Lines:
    """The titles with the highest positive scores, best first, without reasons; ties go to the
    lower column.

    Args:
        scores: of each title; changed.
        banned: columns that are never returned.
        limit: how many to return at most.
        fame: where to look first.
        allowed: which titles may be returned; None: every other.
    """
    scores[np.asarray(banned, dtype=np.intp)] = 0.0
    if allowed is not None:
        scores *= allowed
    columns = _highest(scores, limit, fame.first)
    return Lines(columns.tolist(), scores[columns].tolist())


def explain(influences: Influences, found: Lines, size: int) -> Lines:
    """The same titles with the two that speak most for each.

    Disliked titles never speak: nobody is told to watch one because of another they disliked.
    """
    return Lines(found.columns, found.scores, _reasons(influences, found.columns, size))


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


def _reasons(influences: Influences, columns: Sequence[int], size: int) -> list[Because]:
    place = np.full(size, -1, dtype=np.int16)  # as small as can be: all of it is written
    place[np.asarray(columns, np.intp)] = np.arange(len(columns))
    places = place[influences.columns]
    found = (places >= 0).nonzero()[0]  # few: what is left is faster without numpy
    rows = influences.ends.searchsorted(found, "right").tolist()
    speaking: list[list[tuple[float, int]]] = [[] for _ in columns]
    values = influences.values[found].tolist()
    for row, at, value in zip(rows, places[found].tolist(), values, strict=True):
        if value > 0 and influences.liked[row]:
            speaking[at].append((value, influences.given[row]))
    return [_two(titles) for titles in speaking]


def _two(speaking: Sequence[tuple[float, int]]) -> Because:
    """The two that say most, and their shares of all that is said; ties go to lower columns."""
    if not speaking:
        return NO_REASONS
    total = sum([value for value, _ in speaking]) / SHARE_SCALE
    (one, first), *rest = sorted(speaking, key=lambda pair: (-pair[0], pair[1]))[:2]
    if not rest:
        return first, round(one / total), NO_COLUMN, 0
    other, second = rest[0]
    return first, round(one / total), second, round(other / total)


def _columns(parts: Sequence[tuple[bytes, int]]) -> Columns:
    joined = b"".join([row[_START : _START + 2 * n] for row, n in parts])
    return np.frombuffer(joined, "<u2").astype(np.intp)


def _coefficients(parts: Sequence[tuple[bytes, int]]) -> Values:
    joined = b"".join([row[_START + 2 * n :] for row, n in parts])
    return np.frombuffer(joined, "<f2").astype(np.float64)
