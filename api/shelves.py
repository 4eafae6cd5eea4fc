"""Which titles a genre, a type or a year names, prepared once per generation for filters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from api.checking import refusal
from api.lines import Lines
from api.parameters import EVERY_YEAR, Filtered
from api.queries import is_everything
from schemas.records import Anime

MOST_POPULAR: Final = 200
"""How many popular titles a filter keeps, as many as a stored list has."""
_KEPT: Final = 256
"""Filters that are remembered: each takes about as many bytes as there are titles."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Within:
    """What a filter leaves: `allowed` says so for each column, and so do the bits of `packed`,
    lowest first; `popular` are the best known titles, best first.
    """

    allowed: Mask
    packed: bytes
    popular: Lines


class Shelves:
    """Titles by genre, type and year; `worth`, (anime,), orders popular titles, and is zero or less
    for titles that nobody has rated.
    """

    def __init__(self, anime: Sequence[Anime], worth: NDArray[np.float64]) -> None:
        self._genres = _by_name([one.genres for one in anime])
        self._types = _by_name([(one.type,) if one.type else () for one in anime])
        self._tame = sorted({name for one in anime if not one.adult for name in one.genres})
        self._years = np.array([one.year or 0 for one in anime], np.int32)
        self._worth = worth
        self._best_first = np.argsort(-worth, kind="stable")[: np.count_nonzero(worth > 0)]
        self._known = lru_cache(maxsize=_KEPT)(self._work_out)

    def genre_names(self, *, adult: bool) -> Sequence[str]:
        """Genres that may be asked for; without adult titles, those that others have."""
        return self._genres.names if adult else self._tame

    def type_names(self) -> Sequence[str]:
        """Types that may be asked for."""
        return self._types.names

    def within(self, asked: Filtered) -> Within | None:
        """What is left of the catalogue; None is all of it.

        Raises:
            InvalidParameterError: there is no such genre or type.
        """
        if is_everything(asked):
            return None
        years = (asked.year_min, asked.year_max)
        return self._known(asked.genres, asked.exclude_genres, asked.types, years)

    def _work_out(
        self,
        genres: tuple[str, ...],
        without: tuple[str, ...],
        types: tuple[str, ...],
        years: tuple[int, int],
    ) -> Within:
        problems: list[str] = []
        wanted = self._any("genres", self._genres, genres, problems)
        unwanted = self._any("exclude_genres", self._genres, without, problems)
        kinds = self._any("types", self._types, types, problems)
        if problems:
            raise refusal(problems)
        allowed = ~unwanted & _between(self._years, years)
        allowed &= wanted if genres else True
        allowed &= kinds if types else True
        best = self._best_first[allowed[self._best_first]][:MOST_POPULAR]
        popular = Lines(best.tolist(), self._worth[best].tolist())
        return Within(allowed, np.packbits(allowed, bitorder="little").tobytes(), popular)

    def _any(self, field: str, shelf: "_Shelf", names: Sequence[str], problems: list[str]) -> Mask:
        """Titles with any of some names."""
        found = np.zeros(len(self._years), bool)
        for name in names:
            mask = shelf.masks.get(name.casefold())
            if mask is None:
                listed = ", ".join(shelf.names)
                problems.append(f"{field} has no {ascii(name)[:42]}; allowed are {listed}")
            else:
                found |= mask
        return found


@dataclass(frozen=True, slots=True)
class _Shelf:
    """`names` as they are written, sorted; `masks` by name in lower case, each (anime,)."""

    names: Sequence[str]
    masks: Mapping[str, Mask]


def _by_name(names: Sequence[Sequence[str]]) -> _Shelf:
    known = sorted({name for some in names for name in some})
    masks = {name.casefold(): np.zeros(len(names), bool) for name in known}
    for column, some in enumerate(names):
        for name in some:
            masks[name.casefold()][column] = True
    return _Shelf(known, masks)


def _between(years: NDArray[np.int32], limits: tuple[int, int]) -> Mask:
    """Titles whose year is known and inside; all of them where no year is asked for."""
    if limits == EVERY_YEAR:
        return np.ones(len(years), bool)
    return (years >= limits[0]) & (years <= limits[1])
