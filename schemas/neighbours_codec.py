"""A user's nearest users as bytes. docs/redis.md draws it.

Little-endian: u8 version = 1 | u8 width | u16[n] similarities, in 65,535ths | ids[n]. Nearest
first. Ids take `width` bytes: 4 where all of a list fit, else 8.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from struct import pack as pack_values
from struct import unpack_from
from typing import Final

from schemas.errors import PayloadError
from schemas.records import MAX_USER_ID, Neighbour, UserId

VERSION: Final = 1
MAX_NEIGHBOURS: Final = 100
SIMILARITY_SCALE: Final = 65_535
NARROW: Final = 4
WIDE: Final = 8
NARROW_MAX: Final = 2**32 - 1
"""The largest id of a list whose ids take four bytes."""
_HEADER: Final = 2
_SIMILARITY: Final = 2
_ID_CODES: Final = {NARROW: "I", WIDE: "Q"}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the parts of one payload are: `entries` similarities, then as many ids."""

    entries: int
    width: int

    @property
    def similarities(self) -> int:
        return _HEADER

    @property
    def ids(self) -> int:
        return _HEADER + _SIMILARITY * self.entries


def width_for(largest: int) -> int:
    """How many bytes the ids of a list take, by the largest one."""
    return NARROW if largest <= NARROW_MAX else WIDE


def pack(similarities: bytes, ids: bytes, width: int) -> bytes:
    """Put parts that are already in their stored form behind a header."""
    return b"".join((bytes((VERSION, width)), similarities, ids))


def encode(neighbours: Sequence[Neighbour]) -> bytes:
    """Encode a list, nearest first; similarities are from 0 to 1."""
    n, width = len(neighbours), width_for(max((one.user_id for one in neighbours), default=0))
    levels = (round(one.similarity * SIMILARITY_SCALE) for one in neighbours)
    ids = (one.user_id for one in neighbours)
    return pack(pack_values(f"<{n}H", *levels), pack_values(f"<{n}{_ID_CODES[width]}", *ids), width)


def layout(payload: bytes) -> Layout:
    """Find the parts of a payload.

    Raises:
        PayloadError: the bytes are not neighbours of a version we know.
    """
    if payload[:1] != bytes((VERSION,)):
        raise PayloadError(f"unknown neighbours version {payload[:1]!r}")
    if len(payload) < _HEADER or payload[1] not in _ID_CODES:
        raise PayloadError(f"neighbours with ids of unknown width {payload[1:2]!r}")
    n, rest = divmod(len(payload) - _HEADER, _SIMILARITY + payload[1])
    if rest:
        raise PayloadError(f"neighbours of {len(payload)} bytes are cut")
    return Layout(n, payload[1])


def decode(payload: bytes, limit: int | None = None) -> tuple[Neighbour, ...]:
    """Decode the first `limit` neighbours, all by default.

    Raises:
        PayloadError: the bytes are not neighbours of a version we know.
    """
    found = layout(payload)
    n = found.entries if limit is None else min(limit, found.entries)
    levels = unpack_from(f"<{n}H", payload, found.similarities)
    ids = unpack_from(f"<{n}{_ID_CODES[found.width]}", payload, found.ids)
    if max(ids, default=0) > MAX_USER_ID:
        raise PayloadError(f"neighbours name user {max(ids)}, there is none above {MAX_USER_ID}")
    return tuple(
        Neighbour(UserId(user), level / SIMILARITY_SCALE)
        for user, level in zip(ids, levels, strict=True)
    )
