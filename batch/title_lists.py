"""Per title: what is similar, for people, and its influence row, for the live path."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, eye_array, vstack

from batch.encoding import encode_rankings
from batch.models.legs import Scores
from batch.params import ListParams
from batch.ranking import largest, top_n
from batch.scoring import Model, padded
from schemas import influence_codec

_CONTENT_SHARE: Final = np.float32(0.5)
"""How much of a similarity is shared metadata; the rest is what its audience likes."""


def tastes(model: Model, first: int, last: int) -> csr_array:
    """Somebody who likes just one title, for titles `first` up to `last` in model order.

    Shape (titles, rated). An unrated title is stood in for by the rated ones it looks like.
    """
    rated = eye_array(model.rated, dtype=np.float32, format="csr")[first : max(first, last)]
    start, stop = max(first - model.rated, 0), max(last - model.rated, 0)
    return vstack((rated, model.spread.T.tocsr()[start:stop]), format="csr", dtype=np.float32)


def similar_lists(model: Model, first: int, last: int, lists: ListParams) -> Iterator[bytes]:
    """What resembles each title: its audience's taste and its metadata, half and half.

    A title without audience, nor any title to stand in for it, resembles what has its features.
    """
    taste = tastes(model, first, last)
    audience = model.resembling(taste)
    _hide_self(audience, first, -np.inf)
    best = audience.max(axis=1, keepdims=True)
    audience /= np.where(best > 0, best, np.float32(1))
    content = model.vectors.cosines(first, last)
    alone = np.diff(taste.indptr) == 0
    audience[alone] = np.where(content[alone] > 0, np.float32(0), -np.inf)
    _hide_self(audience, first, -np.inf)  # again: what stands alone is like itself
    scores = (1 - _CONTENT_SHARE) * audience + _CONTENT_SHARE * content
    ranked = top_n(scores, model.columns.astype(np.int64), lists.similar)
    return encode_rankings(ranked, [b""] * (last - first))


def influence_rows(model: Model, first: int, last: int, lists: ListParams) -> Iterator[bytes]:
    """The signed linear coefficients of each title, the largest in magnitude."""
    linear = model.linear.score(padded(tastes(model, first, last)))
    rows = model.with_unrated(linear)[: last - first]
    _hide_self(rows, first, 0.0)
    magnitudes = np.abs(rows)
    kept = largest(magnitudes, min(lists.influence, model.anime))
    order = np.argsort(-np.take_along_axis(magnitudes, kept, axis=1), axis=1, kind="stable")
    kept = np.take_along_axis(kept, order, axis=1)
    return _encode(model.columns[kept], np.take_along_axis(rows, kept, axis=1))


def _encode(columns: NDArray[np.int32], rows: Scores) -> Iterator[bytes]:
    packed, halves = columns.astype("<u2"), rows.astype("<f2")
    for row, used in enumerate(np.count_nonzero(halves, axis=1).tolist()):
        yield influence_codec.pack(packed[row, :used].tobytes(), halves[row, :used].tobytes())


def _hide_self(scores: Scores, first: int, value: float) -> None:
    rows = np.arange(len(scores))
    scores[rows, first + rows] = value
