"""Hidden gems: titles that few know, and that those who do think highly of. Pure."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from batch.insights.tally import Tally
from schemas.insights import Gem
from schemas.records import Anime

_MOST: Final = 24


def gems(
    catalogue: Sequence[Anime], tally: Tally, few: int, least: int, damping: float
) -> tuple[Gem, ...]:
    """The best by damped mean rating, best first; none that is liked less than most titles.

    Sequels and the like are none: whoever rates one has liked what came before. Nor is a
    franchise of which something is well known.

    Args:
        catalogue: with franchises.
        tally: over all users.
        few: raters that a gem, and all of its franchise, has at most.
        least: raters that a gem has at least.
        damping: ratings at the overall mean that each title starts with.
    """
    statistics = tally.statistics
    raters = statistics.raters
    worth = statistics.damped_means(damping)
    liked = statistics.rating_sums > statistics.overall_mean * raters
    hidden = (
        liked
        & _begins(catalogue)
        & (raters >= max(least, 1))
        & (_known_to(catalogue, raters) <= few)
    )
    best = np.lexsort((np.arange(len(worth)), -worth))
    return tuple(
        Gem(
            catalogue[column].anime_id,
            int(raters[column]),
            round(float(statistics.rating_sums[column] / raters[column]), 2),
            round(float(tally.likes[column] / raters[column]), 3),
        )
        for column in best[hidden[best]][:_MOST].tolist()
    )


def _begins(catalogue: Sequence[Anime]) -> NDArray[np.bool_]:
    """What one may start with, and is shown to everybody, (anime,)."""
    return np.array(
        [not one.adult and not one.side and one.series in (0, one.anime_id) for one in catalogue],
        bool,
    )


def _known_to(catalogue: Sequence[Anime], raters: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many rated the title of its franchise that most have rated, (anime,)."""
    groups = np.array([one.franchise or one.anime_id for one in catalogue])
    _, places = np.unique(groups, return_inverse=True)
    most = np.zeros(len(groups), np.int64)
    np.maximum.at(most, places, raters)
    found: NDArray[np.int64] = most[places]
    return found
