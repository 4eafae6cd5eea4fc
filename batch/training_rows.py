"""The rows that models learn from, and those that validation keeps from them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from batch import signals
from batch.dataset import Dataset, Histories
from batch.models.legs import Validation
from batch.params import ValidationParams


@dataclass(frozen=True)
class RowSource:
    """Reads shards of a data set as strengths of its rated titles.

    `positions` gives each catalogue column its place among the `rated` ones, or -1; `table`
    comes from signals.lookup.
    """

    dataset: Dataset
    table: NDArray[np.float32]
    positions: NDArray[np.int32]
    rated: int
    params: ValidationParams

    def training(self, name: str) -> csr_array:
        """A shard without what validation holds out, shape (users, rated)."""
        histories = self.dataset.shard(name)
        _, held_out = self._held_out(histories)
        return self._strengths(histories.where(~held_out))

    def validation(self) -> Validation:
        """The validation users of all shards; those with nothing to find are left out."""
        parts = [self._given_and_wanted(name) for name in self.dataset.manifest.shards]
        given, wanted = (vstack(matrices, format="csr") for matrices in zip(*parts, strict=True))
        return Validation(given, wanted)

    def _given_and_wanted(self, name: str) -> tuple[csr_array, csr_array]:
        histories = self.dataset.shard(name)
        users, held_out = self._held_out(histories)
        liked = histories.where(held_out & signals.relevant(histories, self.params))
        wanted = self._strengths(liked).astype(bool).astype(np.float32)
        chosen = np.flatnonzero(users & (np.diff(wanted.indptr) > 0))
        return self._strengths(histories.where(~held_out))[chosen], wanted[chosen]

    def _held_out(self, histories: Histories) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        return signals.held_out(histories, self.dataset.manifest.users, self.params)

    def _strengths(self, histories: Histories) -> csr_array:
        return signals.weighted(histories, self.table, self.positions, self.rated)
