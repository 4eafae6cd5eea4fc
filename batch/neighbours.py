"""Who is nearest to whom: exact search by cosine among a bounded pool of users. Pure numpy."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from batch.hashing import GOLDEN, mix
from schemas.neighbours_codec import SIMILARITY_SCALE

Vectors = NDArray[np.float32]

_GRID: Final = np.float32(2**11)
"""Rows of length one are rounded to multiples of its inverse. Every sum of products then is a
multiple of 2**-22 below 2, exact in float32: it depends on no block and no order."""
_GROUPS: Final = 512
"""More than anybody's neighbours: the largest of each group bounds the n-th largest of all."""
_SPARE: Final = 6
"""Standard deviations of users that are chosen beyond the size of the pool, so that it is full."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Those who may be named: ids (pool,) ascending, vectors (pool, factors) on the grid."""

    user_ids: NDArray[np.int64]
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class Nearest:
    """The nearest users of a block of users, nearest first.

    `user_ids` and `levels`, similarities in SIMILARITY_SCALE-ths, have shape (users, n); of a
    user's row the first `counts[user]` are meant.
    """

    user_ids: NDArray[np.int64]
    levels: NDArray[np.int64]
    counts: NDArray[np.int64]


def chosen(user_ids: NDArray[np.int64], users: int, size: int) -> NDArray[np.bool_]:
    """Who may be in the pool, shape (user_ids,), by hashing ids: hardly more than it holds.

    Args:
        user_ids: some of the users.
        users: how many there are in the whole data set; all are chosen if `size` is not less.
        size: how many the pool holds.
    """
    share = (size + _SPARE * (size**0.5 + 1)) / users
    picked: NDArray[np.bool_] = _order(user_ids) / np.float64(2**64) <= share
    return picked


def pool_of(user_ids: NDArray[np.int64], vectors: Vectors, size: int) -> Pool:
    """Make a pool of at most `size` of these users, in whatever order they come.

    Args:
        user_ids: distinct, shape (users,).
        vectors: of length one or zero, shape (users, factors).
        size: how many may stay, those whose hash is lowest.
    """
    kept = np.argsort(_order(user_ids))[:size]
    kept = kept[np.argsort(user_ids[kept])]
    return Pool(user_ids[kept], on_grid(vectors[kept]))


def on_grid(vectors: Vectors) -> Vectors:
    """Round so that cosines do not depend on the order of summation."""
    rounded: Vectors = np.rint(vectors * _GRID) / _GRID
    return rounded


def nearest(user_ids: NDArray[np.int64], vectors: Vectors, pool: Pool, n: int) -> Nearest:
    """Find each user's n nearest, without the user, by similarity as stored, then by id.

    Nobody is near to somebody without taste, nor where tastes do not point the same way.

    Args:
        user_ids: shape (users,).
        vectors: theirs, of length one or zero, shape (users, factors).
        pool: among whom to search; not empty.
        n: how many, fewer than _GROUPS.
    """
    similarities = on_grid(vectors) @ pool.vectors.T
    _hide_self(similarities, user_ids, pool)
    near = np.flatnonzero(similarities >= _bound(similarities, n)[:, None])  # nonzero is slower
    rows, places = np.divmod(near, len(pool.user_ids))
    levels = _levels(similarities[rows, places])
    order = np.lexsort((-levels, rows))  # stable: ties stay in the order of ids
    return _cut(rows[order], pool.user_ids[places[order]], levels[order], (len(user_ids), n))


def _order(user_ids: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Mixed twice: mixed once they choose the validation users."""
    return mix(mix(user_ids.astype(np.uint64) + GOLDEN))


def _hide_self(similarities: Vectors, user_ids: NDArray[np.int64], pool: Pool) -> None:
    places = np.minimum(np.searchsorted(pool.user_ids, user_ids), len(pool.user_ids) - 1)
    own = np.flatnonzero(pool.user_ids[places] == user_ids)
    similarities[own, places[own]] = 0


def _bound(similarities: Vectors, n: int) -> Vectors:
    """What a user's n nearest reach at least, shape (users,); few others do.

    Maxima of disjoint groups are so many different similarities: the n-th largest of them is
    no more than the n-th largest of all. Partitioning all takes twice as long.
    """
    users, width = similarities.shape
    groups = min(_GROUPS, width)
    grouped = similarities[:, : width - width % groups].reshape(users, -1, groups)
    n = min(n, groups)
    reached = np.partition(grouped.max(axis=1), groups - n, axis=1)[:, groups - n]
    level = np.float32(1 / SIMILARITY_SCALE)
    # Equal levels are a tie, so a little less may do; half a level is stored as nothing.
    return np.maximum(reached - 2 * level, level / 2)


def _levels(similarities: Vectors) -> NDArray[np.int64]:
    scaled = similarities.astype(np.float64).clip(0, 1) * SIMILARITY_SCALE
    levels: NDArray[np.int64] = np.rint(scaled).astype(np.int64)
    return levels


def _cut(
    rows: NDArray[np.int64],
    found: NDArray[np.int64],
    levels: NDArray[np.int64],
    shape: tuple[int, int],
) -> Nearest:
    """Lay sorted finds out as one row of at most n for each user."""
    counts = np.bincount(rows, minlength=shape[0])
    ranks = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = ranks < shape[1]
    laid = Nearest(
        np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.minimum(counts, shape[1])
    )
    laid.user_ids[rows[kept], ranks[kept]] = found[kept]
    laid.levels[rows[kept], ranks[kept]] = levels[kept]
    return laid
