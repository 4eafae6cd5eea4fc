"""The order in which people see a ranking: product rules and mild diversity. Pure.

By way of schemas.order, the batch asks when it writes a list and the API when a caller wants
something else; both get the same. Rules, one after the other: nothing that is flagged, nothing
adult unless asked for, one title per franchise with the right entry first, and genres that take
turns, by maximal marginal relevance (Carbonell and Goldstein, 1998).

What is meant, in plain Python. Where there is a compiler _order.pyx answers, so a change here is
a change there too; tests hold both to the same answers (decision 33).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from math import log1p
from typing import Final

from schemas.records import Anime, Rule

MOST_SHOWN: Final = 100
DIVERSITY: Final = 0.4
"""Part of its worth that a title loses if the two titles before it show all of its genres."""
LOOK_AHEAD: Final = 5
"""How many titles compete for a place."""
RIGHT_ENTRY: Final = 0.5
"""An earlier entry stands in for a later one if it is worth this part of it, or more."""
MOST_COMMON: Final = 0.99
"""The best known title has some worth left to whoever leans to rare ones a little."""
_NOWHERE: Final = -2
_ELSEWHERE: Final = -1
"""The place of a franchise that has none yet, and of one that is shown already."""
_LAST_YEAR: Final = 9999
"""Titles without a year come last: most of them are only announced."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules know of each title, by column.

    `franchise` and `series` are anime ids, 0 for a title that stands alone. Whoever is shown a
    title should have started the series that it `needs`, 0 for the first of one; a main entry
    `starts` its own, a side entry none. `places` put the entries of a franchise in order, main
    entries first. `genres` are bit masks, `popularity` is from 0 to 1.
    """

    franchise: Sequence[int]
    series: Sequence[int]
    needs: Sequence[int]
    starts: Sequence[int]
    side: Sequence[bool]
    adult: Sequence[bool]
    places: Sequence[int]
    genres: Sequence[int]
    popularity: Sequence[float]


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
        needs=[_needed(anime) for anime in catalogue],
        starts=[0 if anime.side else anime.series for anime in catalogue],
        side=[anime.side for anime in catalogue],
        adult=[anime.adult for anime in catalogue],
        places=_places(catalogue),
        genres=masks,
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
        facts: of the catalogue that columns mean.
    """
    missing, left = int(Rule.PREREQUISITE_MISSING), int(Rule.FRANCHISE_DROPPED)
    needs, franchise = facts.needs, facts.franchise
    return [
        missing * (needs[one] != 0 and needs[one] not in started)
        | left * (franchise[one] != 0 and franchise[one] in dropped)
        for one in columns
    ]


def started_series(columns: Iterable[int], facts: Facts) -> set[int]:
    """Series of which one of these titles is a main entry."""
    found = {*map(facts.starts.__getitem__, columns)}
    found.discard(0)
    return found


def arrange(
    columns: Sequence[int],
    worth: Sequence[float],
    rules: Sequence[int] | None,
    facts: Facts,
    taste: Taste = DEFAULT,
    taken: Collection[int] = (),
    most: int = MOST_SHOWN,
    among: Sequence[int] | None = None,
) -> list[int]:
    """The positions of the entries to show, in the order to show them.

    Args:
        columns: the entries of a ranking, best first.
        worth: how far each stands above the last one, in any unit; descends to 0 or more.
        rules: the flags of each; whatever has one is left out. None: nothing has.
        facts: of the catalogue that columns mean.
        taste: what is asked for.
        taken: franchises that are shown already.
        most: how many to show at most; fewer are the first of more.
        among: the only positions that may be shown, ascending; None: all.
    """
    order, values = lean(columns, worth, facts, taste, among)
    enough = most + LOOK_AHEAD
    shown, values = _one_per_franchise(
        order, values, columns, rules, facts, taste.adult, taken, enough
    )
    return _take_turns(shown, values, columns, facts, most)


def lean(
    columns: Sequence[int],
    worth: Sequence[float],
    facts: Facts,
    taste: Taste,
    among: Sequence[int] | None = None,
) -> tuple[Sequence[int], Sequence[float]]:
    """Positions, and what each is worth to somebody of a taste; best first.

    Rarity to the power of `niche`: each step towards 1 makes titles about as many times rarer.
    """
    positions = range(len(columns)) if among is None else among
    if not taste.niche:
        return positions, worth if among is None else [worth[at] for at in positions]
    popularity, niche = facts.popularity, taste.niche
    values = [worth[at] * (1 - MOST_COMMON * popularity[columns[at]]) ** niche for at in positions]
    best_first = sorted(range(len(values)), key=lambda n: -values[n])
    return [positions[n] for n in best_first], [values[n] for n in best_first]


def _one_per_franchise(
    order: Sequence[int],
    values: Sequence[float],
    columns: Sequence[int],
    rules: Sequence[int] | None,
    facts: Facts,
    adult: bool,
    taken: Collection[int],
    enough: int,
) -> tuple[list[int], list[float]]:
    """The first `enough` places, with nothing flagged; of a franchise, its earliest main entry in
    the series of the best entry, at the place of that one. The position at each place, and the
    worth of the place.

    One loop, since lists are arranged while somebody waits: it stops as soon as nothing that
    follows can change a place, and looks rules up last.
    """
    franchise, series, places = facts.franchise, facts.series, facts.places
    shown: list[int] = []
    worth: list[float] = []
    place_of: dict[int, int] = dict.fromkeys(taken, _ELSEWHERE)
    left, lowest = enough, 0.0
    for at, value in zip(order, values, strict=True):
        if value < lowest:
            break
        column = columns[at]
        name = franchise[column]
        place = place_of.get(name, _NOWHERE) if name else _NOWHERE
        if (place == _NOWHERE and not left) or (facts.adult[column] and not adult):
            continue
        if rules is not None and rules[at]:
            continue
        if place == _NOWHERE:
            if name:
                place_of[name] = len(shown)
            shown.append(at)
            worth.append(value)
            left -= 1
            lowest = lowest if left else RIGHT_ENTRY * value
        elif place >= 0 and not facts.side[column]:
            other = columns[shown[place]]
            if (
                value >= RIGHT_ENTRY * worth[place]
                and places[column] < places[other]
                and series[column] == series[other]
            ):
                shown[place] = at
    return shown, worth


def _take_turns(
    positions: Sequence[int],
    worth: Sequence[float],
    columns: Sequence[int],
    facts: Facts,
    most: int,
) -> list[int]:
    """Give each place to the title worth most after what it repeats of the genres before it."""
    genres = facts.genres
    coming = min(len(positions), LOOK_AHEAD)
    competing = list(range(coming))
    shown: list[int] = []
    before = last = 0
    while competing and len(shown) < most:
        recent = before | last
        best, chosen = -1.0, 0
        for k, place in enumerate(competing):
            value = worth[place]
            if value <= best:
                break
            own = genres[columns[positions[place]]]
            repeated = (own & recent).bit_count()
            if repeated:
                value *= 1 - DIVERSITY * repeated / own.bit_count()
            if value > best:
                best, chosen = value, k
        place = competing.pop(chosen)
        if coming < len(positions):
            competing.append(coming)
            coming += 1
        shown.append(positions[place])
        before, last = last, genres[columns[positions[place]]]
    return shown
