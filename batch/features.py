"""Metadata of the catalogue as a sparse matrix: genres, studios, tags, years, title words."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_array

_LISTS: Final = ("genres", "themes", "demographics", "studios", "tags")
_SINGLES: Final = ("source", "type", "year")
_TITLES: Final = ("title", "title_english")
_WORD: Final = re.compile(r"\w+")

Feature = tuple[str, str]
"""Its family, such as "genres" or "title", and its value."""


@dataclass(frozen=True, slots=True)
class Features:
    """Which title has which feature: `matrix` is 0/1 of shape (features, anime)."""

    names: list[Feature]
    matrix: csr_array

    def ordered(self, columns: NDArray[np.int32]) -> "Features":
        """The same features, titles taken in the order of these columns."""
        return Features(self.names, self.matrix[:, columns])

    def weighted(self, rarity: float) -> csr_array:
        """Rows scaled so that a feature of n titles counts n ** -rarity when squared."""
        titles = np.maximum(np.diff(self.matrix.indptr), 1).astype(np.float32)
        scale = titles ** np.float32(-rarity / 2)
        data = self.matrix.data * np.repeat(scale, np.diff(self.matrix.indptr))
        return csr_array((data, self.matrix.indices, self.matrix.indptr), self.matrix.shape)


def features_of(table: pa.Table) -> Features:
    """Collect the features that at least two titles share, sorted by family and value.

    Title words are among them: they are how seasons and films of one franchise are found.

    Args:
        table: the catalogue as ingest writes it.
    """
    found: defaultdict[Feature, list[int]] = defaultdict(list)
    wanted = [name for name in (*_LISTS, *_SINGLES, *_TITLES) if name in table.column_names]
    for column, row in enumerate(table.select(wanted).to_pylist()):
        for feature in set(_features(row)):
            found[feature].append(column)
    names = sorted(name for name, columns in found.items() if len(columns) > 1)
    return Features(names, _indicator([found[name] for name in names], table.num_rows))


def _features(row: dict[str, Any]) -> Iterator[Feature]:
    for family in _LISTS:
        yield from ((family, value) for value in row.get(family, ()))
    for family in _SINGLES:
        if row.get(family):
            yield family, str(row[family])
    for title in _TITLES:
        yield from (("title", word) for word in _WORD.findall(str(row.get(title, "")).lower()))


def _indicator(rows: list[list[int]], width: int) -> csr_array:
    lengths = [len(row) for row in rows]
    starts = np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))
    columns = np.concatenate([np.empty(0, np.int32), *rows]).astype(np.int32)
    return csr_array((np.ones(len(columns), np.float32), columns, starts), (len(rows), width))


def unit_columns(matrix: csr_array) -> csr_array:
    """Scale each column to length one, so that a product of two columns is a cosine."""
    squares: NDArray[np.float32] = np.asarray(matrix.multiply(matrix).sum(axis=0)).ravel()
    lengths = np.sqrt(np.maximum(squares, np.finfo(np.float32).tiny))
    return csr_array((matrix.data / lengths[matrix.indices], matrix.indices, matrix.indptr),
                     matrix.shape)  # fmt: skip
