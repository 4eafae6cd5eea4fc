"""Which title has which genre, and which titles count nowhere. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from batch.dataset import Dataset


@dataclass(frozen=True, slots=True)
class Genres:
    """`names` of those that titles for all ages have; `titles`, (anime, genres), is 1 where a
    title has one. Rows of adult titles are empty; `tame`, (anime,), is where a title is not adult.
    """

    names: Sequence[str]
    titles: csr_array
    tame: NDArray[np.bool_]


def genres_of(every: Sequence[Sequence[str]], adult: Sequence[bool]) -> Genres:
    """From the genres of all titles, by column, and which of these are adult."""
    names, titles = membership([() if no else some for some, no in zip(every, adult, strict=True)])
    return Genres(names, titles, ~np.array(adult, bool))


def genres_in(dataset: Dataset) -> Genres:
    """Those of a data set, without making records of all its titles."""
    every, adult = (dataset.table[name].to_pylist() for name in ("genres", "adult"))
    return genres_of(every, adult)


def membership(every: Iterable[Iterable[str]]) -> tuple[list[str], csr_array]:
    """The names that some titles have, sorted, and who has which, (titles, names) of 0 and 1."""
    rows = [dict.fromkeys(some) for some in every]
    names = sorted({name for some in rows for name in some})
    place_of = {name: place for place, name in enumerate(names)}
    places = np.array([place_of[name] for some in rows for name in some], np.int32)
    starts = np.cumsum([0, *map(len, rows)])
    ones = np.ones(len(places), np.int64)
    return names, csr_array((ones, places, starts), shape=(len(rows), len(names)))
