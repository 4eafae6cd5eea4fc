"""The order in which people see a ranking: product rules and mild diversity. Pure.

Batch calls it when it writes a list, the API when a caller asks for something else; both give
the same. Rules, one after the other: nothing that is flagged, nothing adult unless asked for,
one title per franchise with the right entry first, and genres that take turns, by maximal
marginal relevance (Carbonell and Goldstein, 1998).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice
from math import log1p
from typing import Final

from schemas.records import Anime, Rule

MOST_SHOWN: Final = 100
DIVERSITY: Final = 0.4
"""Part of its worth that a title loses if the two titles before it show all of its genres."""
_LOOK_AHEAD: Final = 5
"""How many titles compete for a place."""
_RIGHT_ENTRY: Final = 0.5
"""An earlier entry stands in for a later one if it is worth this part of it, or more."""
_LAST_YEAR: Final = 9999
"""Titles without a year come last: most of them are only announced."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules know of each title, by column.

    `franchise` and `series` are anime ids, 0 for a title that stands alone. `order` puts the
    entries of a franchise in order, main entries first. A series `starts` with one title;
    `genres` are bit masks, `per_genre` is one divided by the number of genres; `popularity` is
    from 0 to 1.
    """

    franchise: Sequence[int]
    series: Sequence[int]
    order: Sequence[int]
    starts: Sequence[bool]
    side: Sequence[bool]
    adult: Sequence[bool]
    genres: Sequence[int]
    per_genre: Sequence[float]
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
        order=_places(catalogue),
        starts=[anime.series == anime.anime_id for anime in catalogue],
        side=[anime.side for anime in catalogue],
        adult=[anime.adult for anime in catalogue],
        genres=masks,
        per_genre=[1 / max(mask.bit_count(), 1) for mask in masks],
        popularity=[log1p(anime.raters) / most for anime in catalogue],
    )


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
    return [
        Rule.PREREQUISITE_MISSING
        * (facts.series[one] != 0 and not facts.starts[one] and facts.series[one] not in started)
        | Rule.FRANCHISE_DROPPED * (facts.franchise[one] != 0 and facts.franchise[one] in dropped)
        for one in columns
    ]


def started_series(columns: Sequence[int], facts: Facts) -> set[int]:
    """Series of which one of these titles is a main entry."""
    return {facts.series[one] for one in columns if not facts.side[one]}


def arrange(
    columns: Sequence[int],
    worth: Sequence[float],
    rules: Sequence[int],
    facts: Facts,
    taste: Taste = DEFAULT,
    taken: Collection[int] = (),
    most: int = MOST_SHOWN,
) -> list[int]:
    """The positions of the entries to show, in the order to show them.

    Args:
        columns: the entries of a ranking, best first.
        worth: how far each stands above the last one, in any unit; descends to 0 or more.
        rules: the flags of each; whatever has one is left out.
        facts: of the catalogue that columns mean.
        taste: what is asked for.
        taken: franchises that are shown already.
        most: how many to show at most; fewer are the first of more.
    """
    leaned = lean(columns, worth, facts, taste)
    adult = facts.adult
    kept = [pair for pair in leaned if not rules[pair[1]]]
    if not taste.adult:
        kept = [pair for pair in kept if not adult[columns[pair[1]]]]
    return _take_turns(_one_per_franchise(kept, columns, facts, taken), columns, facts, most)


def lean(
    columns: Sequence[int], worth: Sequence[float], facts: Facts, taste: Taste
) -> list[tuple[float, int]]:
    """What each entry is worth to somebody of a taste, and its position; best first."""
    if not taste.niche:
        return list(zip(worth, range(len(columns)), strict=True))
    popularity = facts.popularity
    values = [
        one * (1 - taste.niche * popularity[column])
        for one, column in zip(worth, columns, strict=True)
    ]
    return sorted(zip(values, range(len(columns)), strict=True), key=lambda pair: -pair[0])


def _one_per_franchise(
    kept: Sequence[tuple[float, int]],
    columns: Sequence[int],
    facts: Facts,
    taken: Collection[int],
) -> list[tuple[float, int]]:
    """Of a franchise, its earliest main entry in the series of the best entry, at the place of
    that one.
    """
    franchise, series, order, side = facts.franchise, facts.series, facts.order, facts.side
    places: list[tuple[float, int]] = []
    place_of: dict[int, int] = dict.fromkeys(taken, -1)
    for value, at in kept:
        column = columns[at]
        name = franchise[column]
        if not name:
            places.append((value, at))
            continue
        place = place_of.get(name)
        if place is None:
            place_of[name] = len(places)
            places.append((value, at))
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
