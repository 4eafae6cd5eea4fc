"""How tastes cluster: a handful of groups of people who like the same genres. Pure.

Somebody's taste is a direction: how much more or less of each genre they like than people do.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from batch.insights.clustering import clusters
from batch.insights.genres import Genres
from batch.insights.tally import Counts, Tally
from batch.models import exact
from batch.models.exact import Rows
from schemas.insights import Group, Leaning
from schemas.records import Anime, AnimeId

_ENOUGH: Final = 5
"""Likes below which nobody's taste is known."""
_COMMON: Final = 0.005
"""The part of what people like below which a genre says more of a few titles than of tastes."""
_NAMED: Final = 3


def groups_of(
    catalogue: Sequence[Anime], genres: Genres, tally: Tally, most: int
) -> tuple[Group, ...]:
    """At most so many groups of the people in a tally's sample, the largest first."""
    likes = _likes(tally, len(catalogue))
    people = likes.shape[0]
    if people < most:
        return ()
    members = clusters(_directions(likes, genres), most)
    choice = csr_array((np.ones(people, np.int64), (members, np.arange(people))), (most, people))
    sizes, sums = np.bincount(members, minlength=most), (choice @ likes).toarray()
    everybody = likes.sum(axis=0)
    return tuple(
        Group(
            round(int(sizes[one]) / people, 3),
            _leanings(genres, sums[one], everybody),
            _typical(catalogue, sums[one] / sizes[one], everybody / people),
        )
        for one in np.argsort(-sizes, kind="stable").tolist()
        if sizes[one]
    )


def _likes(tally: Tally, anime: int) -> csr_array:
    """What people of the sample like, (people, anime), in the order of ids, if it is enough."""
    sample = tally.sample
    ones = np.ones(len(sample.columns), np.int64)
    likes = csr_array((ones, sample.columns, sample.starts), shape=(len(sample), anime))
    order = np.argsort(sample.user_ids)
    return likes[order[np.diff(sample.starts)[order] >= _ENOUGH]]


def _directions(likes: csr_array, genres: Genres) -> Rows:
    """Tastes, (people, common genres), of length one and on the grid that clustering asks for.

    By the root of how common a genre is, which is how far chance takes somebody's part of it.
    """
    counts = (likes @ genres.titles).toarray()
    parts = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    crowd = counts.sum(axis=0) / max(int(counts.sum()), 1)
    common = crowd >= _COMMON
    away = (parts[:, common] - crowd[common]) / np.sqrt(crowd[common])
    return exact.unit_tastes(away.astype(np.float32))


def _leanings(genres: Genres, theirs: Counts, everybody: Counts) -> tuple[Leaning, ...]:
    """The genres that set a group apart, most first."""
    own, crowd = (
        (likes @ genres.titles) / max(int(likes.sum()), 1) for likes in (theirs, everybody)
    )
    apart = np.where(crowd >= _COMMON, _apart(own, crowd), -np.inf)
    return tuple(
        Leaning(genres.names[place], round(float(own[place]), 4), round(float(crowd[place]), 4))
        for place in np.argsort(-apart, kind="stable")[:_NAMED].tolist()
        if apart[place] > 0
    )


def _typical(
    catalogue: Sequence[Anime], theirs: NDArray[np.float64], everybody: NDArray[np.float64]
) -> tuple[AnimeId, ...]:
    """Titles that more of a group like than others do, most first, one of each franchise."""
    apart = _apart(theirs, everybody)
    order = np.argsort(-apart, kind="stable")
    ordered = (catalogue[column] for column in order[apart[order] > 0].tolist())
    return tuple(one.anime_id for one in islice(_one_of_each_franchise(ordered), _NAMED))


def _one_of_each_franchise(titles: Iterator[Anime]) -> Iterator[Anime]:
    known: set[int] = set()
    for one in titles:
        if one.franchise not in known:
            yield one
        known |= {one.franchise} - {0}


def _apart(theirs: NDArray[np.float64], crowd: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far parts are above the crowd's, in standard deviations of one draw."""
    spread = np.sqrt(np.maximum(crowd * (1 - crowd), 1e-12))
    apart: NDArray[np.float64] = (theirs - crowd) / spread
    return apart
