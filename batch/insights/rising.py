"""What rises: titles that people come to lately more than their fame explains. Pure."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.insights import Rise, Rising
from schemas.records import Anime

_MOST: Final = 24
_DOUBT: Final = 2.0
"""Four standard deviations of the root of a count, whatever the count: thousands of titles are
compared, and with two of them many would rise by chance."""


def rising(
    catalogue: Sequence[Anime], recent: NDArray[np.int64], watchers: NDArray[np.int64], days: int
) -> Rising:
    """Titles by how many times as many people came to them lately as to be expected, at least.

    Expected is a title's part of everything that was ever watched. One more is expected of every
    title, so that a few people do not make an unknown one rise.

    Args:
        catalogue: in column order.
        recent: how many rated or watched each title in the last days, shape (anime,).
        watchers: how many ever did, these too, shape (anime,).
        days: how many the last ones are.
    """
    tame = np.array([not one.adult for one in catalogue], bool)
    recent = np.where(tame, recent, 0)
    expected = recent.sum() * watchers / max(int(watchers.sum()), 1)
    certain = np.maximum(np.sqrt(recent) - _DOUBT, 0) ** 2
    times = certain / (expected + 1)
    best = np.lexsort((np.arange(len(times)), -times))
    items = tuple(
        Rise(catalogue[column].anime_id, int(recent[column]), round(float(expected[column]), 1))
        for column in best[times[best] > 1][:_MOST].tolist()
    )
    return Rising(days, int(recent.sum()), items)
