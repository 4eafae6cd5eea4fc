"""The catalogue as arrays: what the taste model multiplies and looks up."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from batch.sample.title import SERIES, TYPES, Title

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]
Columns = NDArray[np.intp]

STUDIO_TRAITS = 8


@dataclass(frozen=True, slots=True)
class Features:
    """One column per anime, in order of id.

    ``traits`` has shape (traits, anime); its rows are the genres, the types, the year with its
    square (in decades from 2010) and the studio. ``genre_share`` is the part of the catalogue
    that has each genre. ``popularity`` is a logarithm, ``quality`` averages 0 over what people
    meet, and 0 ``episodes`` means not known. ``children[offsets[c]:offsets[c + 1]]`` continue
    column c; ``starts`` continue nothing. ``chain`` is about how many titles one start leads to.
    """

    anime_ids: Integers
    traits: Floats
    genre_share: Floats
    popularity: Floats
    quality: Floats
    episodes: Integers
    starts: Columns
    children: Columns
    offsets: Columns
    chain: float


def build(titles: Sequence[Title], rng: np.random.Generator) -> Features:
    genres = _genres(titles)
    parents = _parents(titles)
    popularity = np.array([title.popularity for title in titles]) + rng.normal(0, 0.3, len(titles))
    return Features(
        anime_ids=np.array([title.anime_id for title in titles], dtype=np.int64),
        traits=np.vstack([genres, _types(titles), _era(titles), _studios(titles, rng)]),
        genre_share=(genres > 0).mean(axis=1, dtype=np.float32),
        popularity=popularity.astype(np.float32),
        quality=_quality(popularity, parents, rng),
        episodes=np.array([title.episodes for title in titles], dtype=np.int64),
        starts=np.flatnonzero(parents < 0),
        children=np.argsort(parents, kind="stable")[np.count_nonzero(parents < 0) :],
        offsets=np.searchsorted(np.sort(parents), np.arange(len(titles) + 1)) - (parents < 0).sum(),
        chain=_chain(np.exp(popularity), parents),
    )


def _genres(titles: Sequence[Title]) -> Floats:
    """Columns of length 1 in which a rare genre, which says more, weighs more."""
    names = sorted({genre for title in titles for genre in title.genres})
    has = np.array([[genre in title.genres for title in titles] for genre in names])
    rarity: Doubles = np.log(2 / has.mean(axis=1))[:, np.newaxis] * has
    length: Doubles = np.sqrt((rarity**2).sum(axis=0))
    return (rarity / length).astype(np.float32)


def _types(titles: Sequence[Title]) -> Floats:
    return np.array([[title.type == kind for title in titles] for kind in TYPES], dtype=np.float32)


def _era(titles: Sequence[Title]) -> Floats:
    decades = np.array([(title.year - 2010) / 10 for title in titles], dtype=np.float32)
    return np.stack([decades, decades**2])


def _studios(titles: Sequence[Title], rng: np.random.Generator) -> Floats:
    names = sorted({title.studios[0] for title in titles})
    vectors = rng.standard_normal((len(names), STUDIO_TRAITS))
    by_name = dict(zip(names, vectors, strict=True))
    columns = np.stack([by_name[title.studios[0]] for title in titles], axis=1)
    scaled: Doubles = columns / STUDIO_TRAITS**0.5
    return scaled.astype(np.float32)


def _parents(titles: Iterable[Title]) -> Columns:
    """The column each title continues, or -1."""
    franchises: dict[str, list[tuple[int, Title]]] = defaultdict(list)
    for column, title in enumerate(titles):
        franchises[title.franchise].append((column, title))
    parents = np.full(sum(map(len, franchises.values())), -1, dtype=np.intp)
    for entries in franchises.values():
        entries.sort(key=lambda entry: entry[1].order)
        for position, (column, title) in enumerate(entries[1:], start=1):
            parents[column] = _continued(entries[:position], title)
    return parents


def _continued(earlier: Sequence[tuple[int, Title]], title: Title) -> int:
    """The nearest series, or film after film and so on: nobody needs a special to go on."""
    for column, other in reversed(earlier):
        if other.type in SERIES or other.type == title.type:
            return column
    return earlier[0][0]


def _quality(popularity: Doubles, parents: Columns, rng: np.random.Generator) -> Floats:
    own = rng.standard_normal(popularity.size)
    known = (popularity - popularity.mean()) / (popularity.std() or 1.0)
    shared = own[_roots(parents)]
    quality: Doubles = 0.6 * shared + 0.5 * own + 0.5 * known
    return (quality - np.average(quality, weights=np.exp(popularity))).astype(np.float32)


def _roots(parents: Columns) -> Columns:
    roots = np.where(parents < 0, np.arange(parents.size), parents)
    while not np.array_equal(roots, roots[roots]):
        roots = roots[roots]
    return roots


def _chain(weights: Doubles, parents: Columns) -> float:
    """Each step along a franchise keeps a little more than half of its audience."""
    reach = np.ones(parents.size)
    above = parents
    while (above >= 0).any():
        reach[above >= 0] *= 0.6
        above = np.where(above >= 0, parents[above], -1)
    total = weights[parents < 0].sum()
    return float((weights[_roots(parents)] * reach).sum() / total)
