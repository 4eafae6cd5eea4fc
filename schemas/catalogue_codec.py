"""The catalogue as bytes: a version byte, then zlib over JSON, one list for each field."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import fields
from typing import Final

from schemas.errors import PayloadError
from schemas.records import Anime

VERSION: Final = b"\x01"
MAX_JSON_BYTES: Final = 256 * 1024 * 1024
_FIELDS: Final = tuple(field.name for field in fields(Anime))
_TUPLES: Final = frozenset({"genres", "studios", "synonyms"})


def encode(catalogue: Sequence[Anime]) -> bytes:
    """Encode all anime in column order."""
    lists = {name: [getattr(anime, name) for anime in catalogue] for name in _FIELDS}
    text = json.dumps(lists, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return VERSION + zlib.compress(text.encode())


def decode(payload: bytes) -> tuple[Anime, ...]:
    """Decode all anime in column order; fields that a newer writer added are ignored.

    Raises:
        PayloadError: an unknown version, or damaged bytes.
    """
    if payload[:1] != VERSION:
        raise PayloadError(f"unknown catalogue version {payload[:1]!r}")
    try:
        lists = json.loads(_inflate(payload[1:]))
        known = [name for name in _FIELDS if name in lists]
        if not known:
            raise ValueError("it has none of the fields")
        rows = zip(*(_column(name, lists[name]) for name in known), strict=True)
        return tuple(Anime(**dict(zip(known, row, strict=True))) for row in rows)
    except (zlib.error, ValueError, TypeError) as error:
        raise PayloadError(f"malformed catalogue: {error}") from error


def _inflate(packed: bytes) -> bytes:
    inflater = zlib.decompressobj()
    text = inflater.decompress(packed, MAX_JSON_BYTES)
    if not inflater.eof:
        raise ValueError(f"cut, or larger than {MAX_JSON_BYTES} bytes")
    return text


def _column(name: str, values: list[object]) -> list[object]:
    return [tuple(value) for value in values] if name in _TUPLES else values  # type: ignore[arg-type]
