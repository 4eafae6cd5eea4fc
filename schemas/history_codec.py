"""A user's history as bytes, three a title. docs/redis.md draws it.

Little-endian: u8 version = 1 | u8 0 | u16[n] columns, ascending | u8[n] marks. The low four
bits of a mark are the rating (0: none given), the high four the status.
"""

import sys
from array import array
from collections.abc import Iterable
from struct import pack as pack_values
from typing import Final

from schemas.errors import PayloadError
from schemas.records import Column, Interaction, Status

VERSION: Final = 1
HEADER: Final = bytes((VERSION, 0))
STATUS_SHIFT: Final = 4
RATING_MASK: Final = 15


def pack(columns: bytes, marks: bytes) -> bytes:
    """Put parts that are already in their stored form behind a header."""
    return b"".join((HEADER, columns, marks))


def encode(history: Iterable[Interaction]) -> bytes:
    """Encode a history; columns must be distinct."""
    rows = sorted(history, key=lambda row: row.column)
    columns = pack_values(f"<{len(rows)}H", *(row.column for row in rows))
    return pack(columns, bytes(row.rating | row.status << STATUS_SHIFT for row in rows))


def length(payload: bytes) -> int:
    """How many titles a payload holds.

    Raises:
        PayloadError: the bytes are not a history of a version we know.
    """
    if payload[:2] != HEADER:
        raise PayloadError(f"unknown history version {payload[:2]!r}")
    n, rest = divmod(len(payload) - len(HEADER), 3)
    if rest:
        raise PayloadError(f"history of {len(payload)} bytes does not hold whole titles")
    return n


def parts(payload: bytes) -> tuple["array[int]", bytes]:
    """The columns, ascending, as an array of type H, and the mark of each.

    Raises:
        PayloadError: the bytes are not a history of a version we know.
    """
    end = len(HEADER) + 2 * length(payload)
    columns = array("H", payload[len(HEADER) : end])
    if sys.byteorder == "big":
        columns.byteswap()
    return columns, payload[end:]


def decode(payload: bytes) -> tuple[Interaction, ...]:
    """Decode a history, columns ascending.

    Raises:
        PayloadError: the bytes are not a history of a version we know.
    """
    columns, marks = parts(payload)
    try:
        return tuple(
            Interaction(Column(column), mark & RATING_MASK, Status(mark >> STATUS_SHIFT))
            for column, mark in zip(columns, marks, strict=True)
        )
    except ValueError as error:
        raise PayloadError(f"malformed history: {error}") from error
