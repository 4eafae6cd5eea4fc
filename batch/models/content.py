"""Titles nobody has rated yet: they take scores from the rated titles that look like them."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from batch.features import unit_columns

_AT_ONCE = 1024


def title_vectors(features: csr_array, columns: NDArray[np.int32]) -> csr_array:
    """A metadata row of length one for each title, so that a product of two is a cosine.

    Args:
        features: weighted feature rows, (features, anime).
        columns: which titles, in which order, shape (titles,).

    Returns:
        Shape (titles, features).
    """
    return unit_columns(features).T.tocsr()[columns]


def spread(vectors: csr_array, rated: int, *, neighbours: int, damping: float) -> csr_array:
    """Weights that turn scores of rated titles into scores of unrated ones.

    Args:
        vectors: from `title_vectors`, the rated titles first.
        rated: how many of them are rated.
        neighbours: how many rated titles an unrated one looks at.
        damping: what an unrated title's weights add up to; below one, so that a guess does
            not push a proven title aside.

    Returns:
        Shape (rated, unrated); an unrated title without any shared feature has no weights.
    """
    known = vectors[:rated].T.tocsr()
    unrated = vectors[rated:]
    parts = [
        _nearest((unrated[start : start + _AT_ONCE] @ known).toarray(), neighbours)
        for start in range(0, unrated.shape[0], _AT_ONCE)
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
