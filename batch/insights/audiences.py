"""Who likes each title: the genres on which its fans differ most from the crowd. Pure."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from batch.insights.genres import Genres
from batch.insights.tally import Tally
from schemas import audiences_codec
from schemas.audiences_codec import MAX_GENRES, Crowd, Fans
from schemas.records import Column

_MOST: Final = 8
"""Genres of one title."""


def audiences(genres: Genres, tally: Tally, known: Sequence[str], least: int) -> bytes:
    """All titles with at least so many fans, as stored.

    Args:
        genres: of all titles, by column.
        tally: over all users.
        known: the genres that the manifest names.
        least: fans below which a difference may be chance.
    """
    everybody = tally.shares_of_crowd()
    chosen = np.argsort(-everybody, kind="stable")[:MAX_GENRES]
    chosen = chosen[everybody[chosen] > 0]
    crowd = everybody[chosen]
    columns = np.flatnonzero(tally.fans >= max(least, 1))
    shares = tally.shares_of_fans()[columns][:, chosen]
    found = {
        Column(column): Fans(count, _apart(row, crowd))
        for column, count, row in zip(
            columns.tolist(), tally.fans[columns].tolist(), shares, strict=True
        )
    }
    places = [known.index(genres.names[place]) for place in chosen.tolist()]
    return audiences_codec.encode(Crowd(places, crowd.tolist()), found, _MOST)


def _apart(theirs: NDArray[np.float64], crowd: NDArray[np.float64]) -> dict[int, float]:
    """The genres that fans like more than the crowd does, most first, then what they like less.

    By the root of how common a genre is, which is how far chance takes a part.
    """
    apart = (theirs - crowd) / np.sqrt(crowd)
    chosen = np.argsort(-np.abs(apart), kind="stable")[:_MOST]
    ordered = chosen[np.argsort(-apart[chosen], kind="stable")].tolist()
    return {place: float(theirs[place]) for place in ordered}
