"""What the evaluation knows about titles beside their ratings: genres, metadata, franchises."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_array

from batch.features import Features, features_of

NO_FRANCHISE: Final = 0
_FRANCHISE: Final = "franchise"


@dataclass(frozen=True)
class Titles:
    """All titles of a catalogue, in column order.

    `franchises`, (anime,), is None where the data set does not know them; NO_FRANCHISE marks a
    title that belongs to none.
    """

    features: Features
    franchises: NDArray[np.int64] | None = None

    @cached_property
    def genre_names(self) -> list[str]:
        """Those that at least two titles have, sorted."""
        return [value for family, value in self.features.names if family == "genres"]

    @cached_property
    def genres(self) -> csr_array:
        """Which title has which genre, 0/1 of shape (anime, genres)."""
        rows = [i for i, (family, _) in enumerate(self.features.names) if family == "genres"]
        return self.features.matrix[rows].T.tocsr()


def titles_of(table: pa.Table, franchises: NDArray[np.int64] | None = None) -> Titles:
    """Read a data set's catalogue; franchises come from it too, where it has any.

    Args:
        table: the catalogue as ingest writes it.
        franchises: an id for each title, (anime,), instead of the catalogue's.
    """
    if franchises is None and _FRANCHISE in table.column_names:
        franchises = table[_FRANCHISE].to_numpy().astype(np.int64)
    return Titles(features_of(table), franchises)
