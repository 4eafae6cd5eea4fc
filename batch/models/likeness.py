"""Metadata as vectors: what looks alike, and how unrated titles take scores from rated ones."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from batch.features import unit_columns

_AT_ONCE: Final = 1024
_COMMON_SHARE: Final = 0.02
"""A feature of more than this share of all titles is multiplied densely: a few dozen features,
such as large genres, would otherwise be most of the work."""


@dataclass(frozen=True)
class TitleVectors:
    """A metadata row of length one for each title, (titles, features): products are cosines."""

    rows: csr_array

    @classmethod
    def of(cls, features: csr_array) -> "TitleVectors":
        """Take weighted feature rows, (features, titles)."""
        return cls(unit_columns(features).T.tocsr())

    @cached_property
    def _is_common(self) -> NDArray[np.bool_]:
        titles = np.bincount(self.rows.indices, minlength=self.rows.shape[1])
        common: NDArray[np.bool_] = titles > _COMMON_SHARE * self.rows.shape[0]
        return common

    @cached_property
    def _common(self) -> NDArray[np.float32]:
        dense: NDArray[np.float32] = self.rows[:, self._is_common].toarray()
        return dense

    @cached_property
    def _rare(self) -> csr_array:
        return self.rows[:, ~self._is_common]

    @cached_property
    def _rare_by_feature(self) -> csr_array:
        return self._rare.T.tocsr()

    def cosines(self, first: int, last: int) -> NDArray[np.float32]:
        """Similarity of titles `first` up to `last` to all, shape (last - first, titles)."""
        found: NDArray[np.float32] = self._common[first:last] @ self._common.T
        found += (self._rare[first:last] @ self._rare_by_feature).toarray()
        return found


def spread(vectors: TitleVectors, rated: int, *, neighbours: int, damping: float) -> csr_array:
    """Weights that turn scores of rated titles into scores of unrated ones.

    Args:
        vectors: the rated titles first.
        rated: how many of them are rated.
        neighbours: how many rated titles an unrated one looks at.
        damping: what an unrated title's weights add up to; below one, so that a guess does
            not push a proven title aside.

    Returns:
        Shape (rated, unrated); an unrated title without any shared feature has no weights.
    """
    titles = vectors.rows.shape[0]
    parts = [
        _nearest(vectors.cosines(start, min(start + _AT_ONCE, titles))[:, :rated], neighbours)
        for start in range(rated, titles, _AT_ONCE)
    ]
    none = csr_array((0, rated), dtype=np.float32)
    weights = vstack([none, *parts], format="csr", dtype=np.float32)
    sums = np.asarray(weights.sum(axis=1)).ravel()
    scale = damping / np.maximum(sums, np.finfo(np.float32).tiny)
    weights.data *= np.repeat(scale, np.diff(weights.indptr)).astype(np.float32)
    return weights.T.tocsr()


def _nearest(similarities: NDArray[np.float32], n: int) -> csr_array:
    """Keep each row's n largest positive entries."""
    n = min(n, similarities.shape[1])
    kept = np.argpartition(similarities, -n, axis=1)[:, -n:]
    kept.sort(axis=1)
    values = np.take_along_axis(similarities, kept, axis=1)
    starts = np.arange(0, values.size + 1, n)
    nearest = csr_array((values.ravel(), kept.ravel(), starts), similarities.shape)
    nearest.eliminate_zeros()
    return nearest
