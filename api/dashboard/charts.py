"""What charts of insights draw, in units of a view box, and in which order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from schemas.insights import Audience, Leaning, Trait

HEIGHT: Final = 40
ROWS: Final = 12
"""Of a table."""
_STUDIOS: Final = 40
_VISIBLE: Final = 0.001
"""The part of all that was watched below which the first years of a chart are left out."""


@dataclass(frozen=True, slots=True)
class Column:
    """A year: where it stands, from 0 to 100, and how high its two columns are, up to HEIGHT."""

    left: float
    watched: float
    liked: float


@dataclass(frozen=True, slots=True)
class Years:
    """Columns of one width below which whole decades stand, also where years are missing."""

    decades: Sequence[str]
    width: float
    columns: Sequence[Column]


def years_of(every: Sequence[Trait]) -> Years | None:
    """Columns for years in order, None where there is hardly anything to compare."""
    first = next((at for at, one in enumerate(every) if one.watched >= _VISIBLE), len(every))
    shown = every[first:]
    if len(shown) < 2:
        return None
    begin = int(shown[0].name) // 10 * 10
    end = int(shown[-1].name) // 10 * 10 + 10
    width = 100 / (end - begin)
    most = max(one.watched for one in shown)
    columns = [
        Column((int(one.name) - begin) * width, HEIGHT * one.watched / most, HEIGHT * one.liked)
        for one in shown
    ]
    return Years([f"{decade}s" for decade in range(begin, end, 10)], width, columns)


def beside_crowd(audience: Audience | None) -> tuple[Sequence[Leaning], Sequence[Leaning]]:
    """What the fans of a title like more than the crowd does, and what less, each with the
    greatest difference first.
    """
    every = audience.leanings if audience else ()
    more = [one for one in every if one.theirs > one.crowd]
    return more, [one for one in every if one.theirs <= one.crowd][::-1]


def best_liked(studios: Sequence[Trait]) -> Sequence[Trait]:
    """Of the studios that are watched most, those that are liked most."""
    return sorted(studios[:_STUDIOS], key=lambda one: -one.liked)[:ROWS]
