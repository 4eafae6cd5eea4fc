"""What users did with each title, summed over shards. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from batch.dataset import Histories
from schemas.records import Status

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TitleStatistics:
    """Per catalogue column, shape (anime,): who watched, who rated, and the sum of ratings."""

    watchers: Counts
    raters: Counts
    rating_sums: Counts

    @classmethod
    def of(cls, histories: Histories, anime: int) -> "TitleStatistics":
        """Count one shard; plans are not counted as watching."""
        watched = histories.statuses != Status.PLANNED
        rated = watched & (histories.ratings > 0)
        return cls(
            np.bincount(histories.columns[watched], minlength=anime),
            np.bincount(histories.columns[rated], minlength=anime),
            np.bincount(histories.columns[rated], histories.ratings[rated], minlength=anime).astype(
                np.int64
            ),
        )

    def __add__(self, other: "TitleStatistics") -> "TitleStatistics":
        return TitleStatistics(
            self.watchers + other.watchers,
            self.raters + other.raters,
            self.rating_sums + other.rating_sums,
        )

    @property
    def overall_mean(self) -> float:
        """The mean of all ratings, 0 where there are none."""
        return float(self.rating_sums.sum() / max(int(self.raters.sum()), 1))

    def damped_means(self, damping: float) -> NDArray[np.float64]:
        """Mean ratings as if each title had started with `damping` ratings at the overall mean.

        Three tens then do not beat ten thousand nines. Watchers break ties, also where nobody
        rates.
        """
        total = np.maximum(self.raters + damping, 1e-9)
        means: NDArray[np.float64] = (self.rating_sums + damping * self.overall_mean) / total
        return means + 1e-6 * self.watchers / max(int(self.watchers.max(initial=0)), 1)

    def popularity(self) -> NDArray[np.float32]:
        """From 0 to 1, logarithmic in the number of watchers."""
        logs: NDArray[np.float32] = np.log1p(self.watchers.astype(np.float32))
        logs /= max(float(logs.max(initial=0)), 1.0)
        return logs


def none_of(anime: int) -> TitleStatistics:
    """Statistics of no users at all."""
    empty = np.zeros(anime, np.int64)
    return TitleStatistics(empty, empty, empty)
