"""What somebody leans to beside the crowd: genres and years of their titles, and of everybody's."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from api.dashboard.cards import Seen
from schemas.insights import Leaning
from schemas.records import Anime, Status

SHOWN: Final = 8
_ENOUGH: Final = 3
"""Titles below which a genre says nothing about somebody."""
_NOT_WATCHED: Final = frozenset({Status.PLANNED.name.lower(), Status.DROPPED.name.lower()})


@dataclass(frozen=True, slots=True)
class Taste:
    """How much of somebody's titles, and of all that anybody rated, has a trait: `genres` they
    lean to, most first; `decades` in order.
    """

    genres: Sequence[Leaning]
    decades: Sequence[Leaning]


def taste_of(theirs: Sequence[Seen], everything: Iterable[Anime]) -> Taste | None:
    """The taste of somebody, None where too little is known of it.

    The crowd counts each title as often as it was rated.
    """
    mine = [(one.anime, 1) for one in theirs if one.status not in _NOT_WATCHED]
    if len(mine) < _ENOUGH:
        return None
    crowd = [(one, one.raters) for one in everything if one.raters]
    genres = _compared(mine, crowd, lambda one: one.genres, least=_ENOUGH)
    leaning = sorted(genres, key=lambda one: one.crowd - one.theirs)
    decades = sorted(_compared(mine, crowd, _decade, least=1), key=lambda one: one.name)
    return Taste([one for one in leaning if one.theirs > one.crowd][:SHOWN], decades)


Weighted = Sequence[tuple[Anime, int]]


def _compared(
    mine: Weighted, crowd: Weighted, traits: Callable[[Anime], Iterable[str]], least: int
) -> list[Leaning]:
    own, all_of_them = _counted(mine, traits), _counted(crowd, traits)
    total = max(sum(weight for _, weight in crowd), 1)
    return [
        Leaning(name, count / len(mine), all_of_them[name] / total)
        for name, count in own.items()
        if count >= least
    ]


def _counted(titles: Weighted, traits: Callable[[Anime], Iterable[str]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for anime, weight in titles:
        for name in traits(anime):
            found[name] += weight
    return found


def _decade(one: Anime) -> tuple[str, ...]:
    return (f"{one.year // 10 * 10}s",) if one.year else ()
