"""Sums over users that insights follow from, exact, so that they add up in any order. Pure."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from batch.dataset import Histories, joined
from batch.insights.genres import Genres
from batch.neighbours import chosen
from batch.params import ValidationParams
from batch.signals import relevant
from batch.statistics import TitleStatistics

Counts = NDArray[np.int64]

_SCALE: Final = 2**20
"""One title among several is a whole number of these parts: sums of them do not round."""
_ENOUGH: Final = 2
"""Likes of somebody, so that one title leaves another to say what else they like."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over some users, and a few of these users with all that they like.

    Adult titles count nowhere. By title, (anime,): `statistics`; `likes`; `fans`, who like
    something else too; and `others`, (anime, genres), the sum over fans of each genre's part of
    what else they like, in _SCALE-ths. `crowd`, (genres,), is the same over all `people` with two
    likes, of all they like.
    """

    statistics: TitleStatistics
    likes: Counts
    fans: Counts
    others: Counts
    crowd: Counts
    people: int
    sample: Histories

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.statistics + other.statistics,
            self.likes + other.likes,
            self.fans + other.fans,
            self.others + other.others,
            self.crowd + other.crowd,
            self.people + other.people,
            joined([self.sample, other.sample]),
        )

    def shares_of_fans(self) -> NDArray[np.float64]:
        """Each genre's part of what else the fans of a title like, (anime, genres), on average."""
        shares: NDArray[np.float64] = self.others / (_SCALE * np.maximum(self.fans, 1)[:, None])
        return shares

    def shares_of_crowd(self) -> NDArray[np.float64]:
        """Each genre's part of what people like, (genres,), on average."""
        shares: NDArray[np.float64] = self.crowd / (_SCALE * max(self.people, 1))
        return shares


def tally(
    histories: Histories, genres: Genres, users: int, sample: int, params: ValidationParams
) -> Tally:
    """Add up some users; whom the sample takes follows from ids alone.

    Args:
        histories: whose.
        genres: of all titles, by column.
        users: how many there are in the whole data set.
        sample: how many of these are kept, about; all, if there are no more.
        params: says which rating is a like.
    """
    anime, tame = len(genres.tame), genres.tame[histories.columns]
    liked = histories.where(relevant(histories, params) & tame)
    counts = np.diff(liked.starts)
    several = counts >= _ENOUGH
    likes = csr_array(
        (np.ones(len(liked.columns), np.int64), liked.columns, liked.starts),
        shape=(len(liked), anime),
    )
    of_genres = (likes @ genres.titles).toarray()
    return Tally(
        TitleStatistics.of(histories.where(tame), anime),
        likes.sum(axis=0),
        several.astype(np.int64) @ likes,
        _without_itself(likes, of_genres, _parts(counts - 1, several), genres),
        _parts(counts, several) @ of_genres,
        int(several.sum()),
        liked.only(chosen(liked.user_ids, users, sample)),
    )


def _parts(counts: Counts, several: NDArray[np.bool_]) -> Counts:
    """What one title is of so many, (users,); nothing for who has not several."""
    parts: Counts = np.where(several, np.rint(_SCALE / np.maximum(counts, 1)), 0).astype(np.int64)
    return parts


def _without_itself(likes: csr_array, of_genres: Counts, parts: Counts, genres: Genres) -> Counts:
    """For each title the genres of everything else that those like who like it."""
    everything: Counts = likes.T @ (of_genres * parts[:, None])
    itself = genres.titles.multiply((parts @ likes)[:, None])
    everything -= itself.toarray()
    return everything
