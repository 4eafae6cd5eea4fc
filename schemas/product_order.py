"""The order in which people see a ranking: product rules and mild diversity. Pure.

Batch calls it when it writes a list, the API when a caller asks for something else; both give
the same. Rules, one after the other: nothing that is flagged, nothing adult unless asked for,
one title per franchise with the right entry first, and genres that take turns, by maximal
marginal relevance (Carbonell and Goldstein, 1998).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from math import log1p
from typing import Final, Protocol

from schemas.records import Anime, Rule

MOST_SHOWN: Final = 100
DIVERSITY: Final = 0.4
"""Part of its worth that a title loses if the two titles before it show all of its genres."""
_LOOK_AHEAD: Final = 5
"""How many titles compete for a place."""
_RIGHT_ENTRY: Final = 0.5
"""An earlier entry stands in for a later one if it is worth this part of it, or more."""
_MOST_COMMON: Final = 0.99
"""The best known title has some worth left to whoever leans to rare ones a little."""
_MISSING: Final = int(Rule.PREREQUISITE_MISSING)
_DROPPED: Final = int(Rule.FRANCHISE_DROPPED)
_LAST_YEAR: Final = 9999
"""Titles without a year come last: most of them are only announced."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules know of each title, by column.

    `franchise` and `series` are anime ids, 0 for a title that stands alone. `order` puts the
    entries of a franchise in order, main entries first. Whoever is shown a title should have
    started the series that it `needs`, 0 for the first of one; a main entry `starts` its own, a
    side entry none. `genres` are bit masks, `per_genre` is one divided by the number of genres;
    `popularity` is from 0 to 1.
    """

    franchise: Sequence[int]
    series: Sequence[int]
    order: Sequence[int]
    needs: Sequence[int]
    starts: Sequence[int]
    side: Sequence[bool]
    adult: Sequence[bool]
    genres: Sequence[int]
    per_genre: Sequence[float]
    popularity: Sequence[float]


class Flags(Protocol):
    """The flags of entries, by position."""

    def __getitem__(self, at: int, /) -> int: ...


class Worth(Protocol):
    """How far each entry stands above the last one, by position, in any unit; descends to 0 or
    more.
    """

    def __getitem__(self, at: int, /) -> float: ...


@dataclass(frozen=True, slots=True)
class Taste:
    """How a list is wanted: `niche`, from 0 to 1, leans from popular to rare titles."""

    adult: bool = False
    niche: float = 0.0


DEFAULT: Final = Taste()


def facts_of(catalogue: Sequence[Anime]) -> Facts:
    """Collect the facts of a catalogue in column order."""
    bits = {genre: 1 << bit for bit, genre in enumerate(_genres(catalogue))}
    masks = [sum(bits[genre] for genre in set(anime.genres)) for anime in catalogue]
    most = max((log1p(anime.raters) for anime in catalogue), default=0.0) or 1.0
    return Facts(
        franchise=[anime.franchise for anime in catalogue],
        series=[anime.series for anime in catalogue],
        order=_places(catalogue),
        needs=[_needed(anime) for anime in catalogue],
        starts=[0 if anime.side else anime.series for anime in catalogue],
        side=[anime.side for anime in catalogue],
        adult=[anime.adult for anime in catalogue],
        genres=masks,
        per_genre=[1 / max(mask.bit_count(), 1) for mask in masks],
        popularity=[log1p(anime.raters) / most for anime in catalogue],
    )


def _needed(anime: Anime) -> int:
    return 0 if anime.series == anime.anime_id else anime.series


def _genres(catalogue: Sequence[Anime]) -> list[str]:
    return sorted({genre for anime in catalogue for genre in anime.genres})


def order_key(anime: Anime, *, side: bool) -> tuple[bool, int, bool, int]:
    """Main entries before side entries, then by year, series before films, and by anime id."""
    return side, anime.year or _LAST_YEAR, anime.type != "TV", anime.anime_id


def _places(catalogue: Sequence[Anime]) -> list[int]:
    ordered = sorted(
        range(len(catalogue)), key=lambda c: order_key(catalogue[c], side=catalogue[c].side)
    )
    places = [0] * len(catalogue)
    for place, column in enumerate(ordered):
        places[column] = place
    return places


def rules_of(
    columns: Sequence[int], started: Collection[int], dropped: Collection[int], facts: Facts
) -> list[int]:
    """The flags of each entry for somebody who knows some titles.

    Args:
        columns: the entries.
        started: series of which a main entry was started, as `started_series` gives them.
        dropped: franchises of which an entry was dropped.
    """
    return [rules_of_one(one, started, dropped, facts) for one in columns]


def rules_of_one(
    column: int, started: Collection[int], dropped: Collection[int], facts: Facts
) -> int:
    """The flags of one entry."""
    needed, franchise = facts.needs[column], facts.franchise[column]
    missing = needed != 0 and needed not in started
    return _MISSING * missing | _DROPPED * (franchise != 0 and franchise in dropped)


def started_series(columns: Iterable[int], facts: Facts) -> set[int]:
    """Series of which one of these titles is a main entry."""
    found = {*map(facts.starts.__getitem__, columns)}
    found.discard(0)
    return found


def arrange(
    columns: Sequence[int],
    worth: Worth,
    rules: Flags,
    facts: Facts,
    taste: Taste = DEFAULT,
    taken: Collection[int] = (),
    most: int = MOST_SHOWN,
    among: Iterable[int] | None = None,
) -> list[int]:
    """The positions of the entries to show, in the order to show them.

    Args:
        columns: the entries of a ranking, best first.
        worth: of each entry.
        rules: the flags of each; whatever has one is left out.
        facts: of the catalogue that columns mean.
        taste: what is asked for.
        taken: franchises that are shown already.
        most: how many to show at most; fewer are the first of more.
        among: the only positions that may be shown, ascending; None: all.
    """
    leaned = lean(columns, worth, facts, taste, among)
    enough = most + _LOOK_AHEAD
    places = _one_per_franchise(leaned, columns, rules, facts, taste.adult, taken, enough)
    return _take_turns(places, columns, facts, most)


def lean(
    columns: Sequence[int],
    worth: Worth,
    facts: Facts,
    taste: Taste,
    among: Iterable[int] | None = None,
) -> Iterable[tuple[float, int]]:
    """What each entry is worth to somebody of a taste, and its position; best first.

    Rarity to the power of `niche`: each step towards 1 makes titles about as many times rarer.
    """
    positions = range(len(columns)) if among is None else among
    if not taste.niche:
        return ((worth[at], at) for at in positions)
    popularity, niche = facts.popularity, taste.niche
    values = [
        (worth[at] * (1 - _MOST_COMMON * popularity[columns[at]]) ** niche, at) for at in positions
    ]
    return sorted(values, key=lambda pair: -pair[0])


def _one_per_franchise(
    leaned: Iterable[tuple[float, int]],
    columns: Sequence[int],
    rules: Flags,
    facts: Facts,
    adult: bool,
    taken: Collection[int],
    enough: int,
) -> list[tuple[float, int]]:
    """The first `enough` places, with nothing flagged; of a franchise, its earliest main entry in
    the series of the best entry, at the place of that one.

    One loop, since lists are arranged while somebody waits: it stops as soon as nothing that
    follows can change a place, and looks rules up last.
    """
    franchise, series, order, side = facts.franchise, facts.series, facts.order, facts.side
    is_adult = facts.adult
    places: list[tuple[float, int]] = []
    place_of: dict[int, int] = dict.fromkeys(taken, -1)
    left, lowest = enough, 0.0
    for value, at in leaned:
        if value < lowest:
            break
        column = columns[at]
        name = franchise[column]
        place = place_of.get(name) if name else None
        if (place is None and not left) or rules[at] or (is_adult[column] and not adult):
            continue
        if place is None:
            if name:
                place_of[name] = len(places)
            places.append((value, at))
            left -= 1
            lowest = lowest if left else _RIGHT_ENTRY * value
        elif place >= 0 and not side[column]:
            best, shown = places[place]
            other = columns[shown]
            if (
                value >= _RIGHT_ENTRY * best
                and order[column] < order[other]
                and series[column] == series[other]
            ):
                places[place] = best, at
    return places


def _take_turns(
    places: Sequence[tuple[float, int]], columns: Sequence[int], facts: Facts, most: int
) -> list[int]:
    """Give each place to the title worth most after what it repeats of the genres before it."""
    genres, per_genre = facts.genres, facts.per_genre
    waiting = (
        (value, genres[columns[at]], DIVERSITY * per_genre[columns[at]], at) for value, at in places
    )
    competing = list(islice(waiting, _LOOK_AHEAD))
    shown: list[int] = []
    before = last = 0
    while competing and len(shown) < most:
        recent = before | last
        best, chosen = -1.0, 0
        for place, (value, mask, loss, _) in enumerate(competing):
            if value <= best:
                break
            left = value * (1 - loss * (mask & recent).bit_count())
            if left > best:
                best, chosen = left, place
        _, mask, _, at = competing.pop(chosen)
        competing.extend(islice(waiting, 1))
        shown.append(at)
        before, last = last, mask
    return shown
