"""Pure numpy: which shard a user belongs to, which duplicate counts, what rows hash to."""

import hashlib
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from batch.hashing import GOLDEN, mix
from batch.ingest.numbers import Ints, Rows

Digest = tuple[int, int]
"""Sums modulo 2^64 of two independent mixes of each row: equal for equal sets of rows."""

NO_ROWS: Final[Digest] = (0, 0)
_SEEDS: Final = (GOLDEN, np.uint64(0xD1B54A32D192ED03))
_PACKED_USERS: Final = 2**31


def shard_of(users: Ints, shards: int) -> NDArray[np.uint16]:
    """A shard for each user, the same on every machine and in every run."""
    return (mix(users.view(np.uint64)) % np.uint64(shards)).astype(np.uint16)


def resolve(rows: Rows) -> Rows:
    """Order by user and anime; where both repeat, the row that came last counts."""
    order = _by_user_and_anime(rows)
    users, anime = rows.users[order], rows.anime[order]
    is_last = np.ones(order.size, dtype=np.bool_)
    is_last[:-1] = (users[1:] != users[:-1]) | (anime[1:] != anime[:-1])
    return rows.take(order[is_last])


def _by_user_and_anime(rows: Rows) -> NDArray[np.intp]:
    if rows.users.size and rows.users.max() >= _PACKED_USERS:
        return np.lexsort((rows.anime, rows.users))
    # One sort of packed keys takes an eighth of the time of two.
    return np.argsort(rows.users << 32 | rows.anime, kind="stable")


def count_users(rows: Rows) -> int:
    """How many users resolved rows have."""
    return int(np.count_nonzero(np.diff(rows.users))) + bool(rows.users.size)


def digest(rows: Rows) -> Digest:
    """Hash resolved rows without regard to their order."""
    rest = rows.anime.astype(np.uint64) << np.uint64(8)
    rest |= rows.ratings.astype(np.uint64) << np.uint64(4) | rows.statuses.astype(np.uint64)
    users = rows.users.view(np.uint64)
    first, second = (int(np.sum(mix(mix(users + seed) ^ rest))) for seed in _SEEDS)
    return first, second


def total(digests: Iterable[Digest]) -> Digest:
    """The digest of the union of disjoint sets of rows."""
    first = second = 0
    for one, other in digests:
        first, second = (first + one) % 2**64, (second + other) % 2**64
    return first, second


def content_hash(rows: int, digested: Digest, catalogue: bytes) -> str:
    """Name a data set by its content; `catalogue` is a digest of the catalogue's own."""
    text = f"{rows}:{digested[0]:016x}{digested[1]:016x}:".encode()
    return hashlib.sha256(text + catalogue).hexdigest()
