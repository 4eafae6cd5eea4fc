"""Franchises of a catalogue: who belongs together, what is a side entry, where one may start.

Pure. Inside a franchise, titles are in the order of schemas.product_order. A franchise
falls into *series*: a main entry whose audience has mostly not seen any main entry before it is
an entry point and begins a series of its own, as the generations of Gundam do; every other title
belongs to the series it is closest to.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from batch.kinship import Pair, bonds
from batch.ranking import largest
from batch.title_words import names_a_side_entry, shared_start, stem_of
from schemas.product_order import order_key
from schemas.records import Anime

_NEAREST: Final = 20
_FEWEST: Final = 10
_AT_ONCE: Final = 1024
_SUPPORT: Final = 0.5
"""Share of a title's audience that knows an earlier main entry, from which it is a sequel."""
_SIDE_TYPES: Final = frozenset({"Special", "TV Special", "Music", "CM", "PV"})
_SHORT: Final = 2
"""An OVA or ONA of so many episodes, or fewer, is a side entry."""


@dataclass(frozen=True, slots=True)
class Franchises:
    """Per catalogue column, shape (anime,): the anime ids of the first title of its franchise
    and of its series, 0 for a title that stands alone; and whether it is a side entry.
    """

    franchise: NDArray[np.int32]
    series: NDArray[np.int32]
    side: NDArray[np.bool_]


@dataclass(frozen=True)
class Audience:
    """What users' histories say about the watched titles, which `columns` names.

    `gram`, (rated, rated), sums products of strengths over users; `watchers`, (rated,), counts
    them.
    """

    columns: NDArray[np.int32]
    watchers: NDArray[np.int64]
    gram: NDArray[np.float64]

    @cached_property
    def _positions(self) -> dict[int, int]:
        return {column: place for place, column in enumerate(self.columns.tolist())}

    def support(self, earlier: int, later: int) -> float:
        """About which share of the audience of `later` knows `earlier`; 1 if nobody can tell."""
        one, other = self._positions.get(earlier), self._positions.get(later)
        if one is None or other is None or not self.gram[other, other]:
            return 1.0
        return float(self.gram[one, other] / self.gram[other, other])

    def near(self) -> Counter[Pair]:
        """Pairs of columns that are close by cosine; 2 where each has the other among its
        closest, else 1. What few watched is close to anything, so it is left out.
        """
        known = self.watchers >= _FEWEST
        found: Counter[Pair] = Counter()
        for rows, closest in self._closest():
            telling = known[rows][:, None] & known[closest]
            ones = np.repeat(self.columns[rows], telling.sum(axis=1))
            others = self.columns[closest[telling]]
            low, high = np.minimum(ones, others), np.maximum(ones, others)
            found.update(zip(low.tolist(), high.tolist(), strict=True))
        return found

    def _closest(self) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        lengths = np.sqrt(np.maximum(np.diagonal(self.gram), np.finfo(np.float64).tiny))
        n = min(_NEAREST, len(self.gram) - 1)
        for start in range(0, len(self.gram) if n else 0, _AT_ONCE):
            rows = np.arange(start, min(start + _AT_ONCE, len(self.gram)))
            cosines = (self.gram[rows] / lengths).astype(np.float32)
            cosines[np.arange(len(rows)), rows] = -1
            yield rows, largest(cosines, n)


def find_franchises(catalogue: Sequence[Anime], audience: Audience) -> Franchises:
    """Find them.

    Args:
        catalogue: in column order.
        audience: of the same catalogue.
    """
    side = np.array([_is_side(anime) for anime in catalogue], bool)
    franchise, series = np.zeros((2, len(catalogue)), np.int32)
    for members in _groups(len(catalogue), bonds(catalogue, audience.near())):
        ordered = sorted(members, key=lambda one: order_key(catalogue[one], side=bool(side[one])))
        side[ordered[0]] = False  # somewhere one has to begin
        franchise[ordered] = catalogue[ordered[0]].anime_id
        starts = _series(catalogue, audience, ordered, side)
        series[ordered] = [catalogue[start].anime_id for start in starts]
    return Franchises(franchise, series, side)


def _is_side(anime: Anime) -> bool:
    short = anime.type in ("OVA", "ONA") and 0 < (anime.episodes or 0) <= _SHORT
    titles = (anime.title, anime.title_english)
    named = anime.type != "TV" and any(map(names_a_side_entry, titles))
    return anime.type in _SIDE_TYPES or short or named


def _groups(size: int, pairs: Iterator[Pair]) -> list[list[int]]:
    """Titles that a chain of pairs connects, two or more; union by the lowest column."""
    parent = list(range(size))

    def root(column: int) -> int:
        while parent[column] != column:
            parent[column] = column = parent[parent[column]]
        return column

    for one, other in pairs:
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for column in range(size):
        groups[root(column)].append(column)
    return [members for members in groups.values() if len(members) > 1]


def _series(
    catalogue: Sequence[Anime], audience: Audience, ordered: Sequence[int], side: NDArray[np.bool_]
) -> list[int]:
    """For each title of one franchise, in order, the column where its series begins."""
    begins: dict[int, int] = {}
    for place, column in enumerate(ordered):
        before = [one for one in ordered[:place] if not side[one]]
        known = {one: audience.support(one, column) for one in before}
        if not before or not (side[column] or max(known.values()) >= _SUPPORT):
            begins[column] = column
            continue
        stem = stem_of(catalogue[column].title)
        likeness = {one: _alike(stem, stem_of(catalogue[one].title)) for one in before}
        closest = max(before, key=lambda one: (likeness[one] + known[one], ordered.index(one)))
        begins[column] = begins[closest]
    return [begins[column] for column in ordered]


def _alike(one: Sequence[str], other: Sequence[str]) -> float:
    """Share of the longer stem that both begin with."""
    return len(shared_start(tuple(one), tuple(other))) / max(len(one), len(other))
