"""An influence row as bytes: one title's signed linear coefficients. docs/redis.md draws it.

Little-endian: u8 version = 1 | u8 0 | u16[n] columns | f16[n] coefficients, largest magnitude
first. Live scores are sums of these rows, each times the strength of the title it belongs to.
"""

from collections.abc import Sequence
from struct import pack as pack_values
from struct import unpack_from
from typing import Final

from schemas.errors import PayloadError

VERSION: Final = 1
HEADER: Final = bytes((VERSION, 0))


def pack(columns: bytes, coefficients: bytes) -> bytes:
    """Put parts that are already in their stored form behind a header."""
    return b"".join((HEADER, columns, coefficients))


def encode(columns: Sequence[int], coefficients: Sequence[float]) -> bytes:
    """Encode one row; both sequences have the same length."""
    n = len(columns)
    return pack(pack_values(f"<{n}H", *columns), pack_values(f"<{n}e", *coefficients))


def length(payload: bytes) -> int:
    """How many coefficients a payload holds.

    Raises:
        PayloadError: the bytes are not an influence row of a version we know.
    """
    if payload[:2] != HEADER:
        raise PayloadError(f"unknown influence version {payload[:2]!r}")
    n, rest = divmod(len(payload) - len(HEADER), 4)
    if rest:
        raise PayloadError(f"influence row of {len(payload)} bytes is cut")
    return n


def decode(payload: bytes) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Decode into (columns, coefficients).

    Raises:
        PayloadError: the bytes are not an influence row of a version we know.
    """
    n = length(payload)
    columns = unpack_from(f"<{n}H", payload, len(HEADER))
    return columns, unpack_from(f"<{n}e", payload, len(HEADER) + 2 * n)
