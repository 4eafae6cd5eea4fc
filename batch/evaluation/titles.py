"""What the evaluation knows about titles beside their ratings: genres, metadata, franchises."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_array

from batch.dataset import Dataset
from batch.evaluation.splits import everybody_of
from batch.features import Features, features_of
from batch.franchises import Audience, find_franchises
from batch.params import StrengthParams
from batch.signals import lookup, weighted
from batch.statistics import TitleStatistics

NO_FRANCHISE: Final = 0


@dataclass(frozen=True)
class Titles:
    """All titles of a catalogue, in column order.

    `franchises`, (anime,), is None where nobody has looked for them; NO_FRANCHISE marks a title
    that belongs to none.
    """

    features: Features
    franchises: NDArray[np.int32] | None = None

    @cached_property
    def genre_names(self) -> list[str]:
        """Those that at least two titles have, sorted."""
        return [value for family, value in self.features.names if family == "genres"]

    @cached_property
    def genres(self) -> csr_array:
        """Which title has which genre, 0/1 of shape (anime, genres)."""
        rows = [i for i, (family, _) in enumerate(self.features.names) if family == "genres"]
        return self.features.matrix[rows].T.tocsr()


def titles_of(table: pa.Table, franchises: NDArray[np.int32] | None = None) -> Titles:
    """Read a data set's catalogue.

    Args:
        table: the catalogue as ingest writes it.
        franchises: an id for each title, (anime,).
    """
    return Titles(features_of(table), franchises)


def franchises_of(dataset: Dataset) -> NDArray[np.int32]:
    """Which titles belong together, by all that a data set knows, shape (anime,)."""
    everybody = everybody_of(dataset)
    anime = len(dataset.anime_ids)
    watchers = TitleStatistics.of(everybody, anime).watchers
    rated = np.flatnonzero(watchers).astype(np.int32)
    positions = np.full(anime, -1, np.int32)
    positions[rated] = np.arange(len(rated))
    liked = weighted(everybody, lookup(StrengthParams().table()), positions, len(rated))
    gram = (liked.T @ liked).toarray().astype(np.float64)
    return find_franchises(dataset.catalogue(), Audience(rated, watchers[rated], gram)).franchise
