"""A user's re-ranked list as bytes: a revision in front of a ranking. docs/redis.md draws it.

Little-endian: u8 version = 1 | u8 0 | u64 revision | a ranking payload.
"""

from struct import Struct
from typing import Final

from schemas.errors import PayloadError

VERSION: Final = 1
_HEADER: Final = Struct("<BBQ")


def encode(revision: int, ranking: bytes) -> bytes:
    """Put a revision, which grows with each change of the list, in front of a ranking."""
    return _HEADER.pack(VERSION, 0, revision) + ranking


def decode(payload: bytes) -> tuple[int, bytes]:
    """The revision and the ranking payload.

    Raises:
        PayloadError: the bytes are not an overlay of a version we know.
    """
    if len(payload) < _HEADER.size or payload[:2] != bytes((VERSION, 0)):
        raise PayloadError(f"unknown overlay version {payload[:2]!r}")
    return _HEADER.unpack_from(payload)[2], payload[_HEADER.size :]
