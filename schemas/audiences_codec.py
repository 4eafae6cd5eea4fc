"""Who likes each title, by genres, as bytes. docs/redis.md draws it.

Little-endian: u8 version = 1 | u8 g | u8 k | u8 0 | u16[g] genres | u16[g] crowd | u16[n] columns |
u32[n] fans | u8[n x k] leanings | u8[n x k] shares. Genres are positions among those that the
manifest names, leanings are positions among these g. The crowd's shares are in 65,535ths, those
of fans in 255ths. Columns ascend, so one title is found without reading the others.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from struct import pack as pack_values
from struct import unpack_from
from typing import Final

from schemas.errors import PayloadError
from schemas.insights import Audience, Leaning
from schemas.records import Column

VERSION: Final = 1
MAX_GENRES: Final = 255
CROWD_SCALE: Final = 65_535
SHARE_SCALE: Final = 255
NONE: Final = 255
"""Stands for a genre where a title has fewer than k."""
_HEADER: Final = 4
_CROWD: Final = 4
_TITLE: Final = 6


@dataclass(frozen=True, slots=True)
class Crowd:
    """The genres that are counted, by position in the manifest, and everybody's share of each."""

    genres: Sequence[int]
    shares: Sequence[float]


@dataclass(frozen=True, slots=True)
class Fans:
    """Who likes a title: how many, and their part of some genres, by position in Crowd."""

    count: int
    theirs: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the parts of one payload are: `genres` of the crowd, `titles` with `most` each."""

    genres: int
    most: int
    titles: int

    @property
    def crowd(self) -> int:
        return _HEADER + 2 * self.genres

    @property
    def columns(self) -> int:
        return _HEADER + _CROWD * self.genres

    @property
    def fans(self) -> int:
        return self.columns + 2 * self.titles

    @property
    def leanings(self) -> int:
        return self.columns + _TITLE * self.titles

    @property
    def shares(self) -> int:
        return self.leanings + self.most * self.titles


def encode(crowd: Crowd, fans: Mapping[Column, Fans], most: int) -> bytes:
    """Encode who likes some titles, by `most` genres each at most."""
    g, columns = len(crowd.genres), sorted(fans)
    found = [fans[column] for column in columns]
    levels = [round(share * CROWD_SCALE) for share in crowd.shares]
    return b"".join(
        (
            bytes((VERSION, g, most, 0)),
            pack_values(f"<{2 * g}H", *crowd.genres, *levels),
            pack_values(f"<{len(columns)}H", *columns),
            pack_values(f"<{len(found)}I", *(one.count for one in found)),
            *(_filled(one.theirs, NONE, most) for one in found),
            *(
                _filled([round(share * SHARE_SCALE) for share in one.theirs.values()], 0, most)
                for one in found
            ),
        )
    )


def layout(payload: bytes) -> Layout:
    """Find the parts of a payload.

    Raises:
        PayloadError: an unknown version, or a length that the header does not allow.
    """
    if len(payload) < _HEADER or payload[0] != VERSION:
        raise PayloadError(f"unknown version of audiences {payload[:1]!r}")
    genres, most = payload[1], payload[2]
    rest, each = len(payload) - _HEADER - _CROWD * genres, _TITLE + 2 * most
    if rest < 0 or rest % each:
        raise PayloadError(f"audiences of {len(payload)} bytes do not fit their header")
    return Layout(genres, most, rest // each)


def columns(payload: bytes, found: Layout) -> Sequence[int]:
    """The columns of the titles whose audience is stored, ascending."""
    return unpack_from(f"<{found.titles}H", payload, found.columns)


def find(payload: bytes, column: Column, genres: Sequence[str]) -> Audience | None:
    """Who likes a title; None where too few do.

    Args:
        payload: as stored.
        column: of the title.
        genres: as the manifest names them.

    Raises:
        PayloadError: it cannot be read, or names a genre that is not there.
    """
    parts = layout(payload)
    known = columns(payload, parts)
    at = bisect_left(known, column)
    if at == len(known) or known[at] != column:
        return None
    (fans,) = unpack_from("<I", payload, parts.fans + 4 * at)
    first = parts.most * at
    chosen = payload[parts.leanings + first :][: parts.most]
    shares = payload[parts.shares + first :][: parts.most]
    try:
        leanings = tuple(
            _leaning(payload, parts, place, share / SHARE_SCALE, genres)
            for place, share in zip(chosen, shares, strict=True)
            if place != NONE
        )
    except IndexError as error:
        raise PayloadError("audiences name a genre that the manifest does not") from error
    return Audience(fans, leanings)


def _leaning(
    payload: bytes, parts: Layout, place: int, share: float, genres: Sequence[str]
) -> Leaning:
    if place >= parts.genres:
        raise IndexError(place)
    (genre,) = unpack_from("<H", payload, _HEADER + 2 * place)
    (level,) = unpack_from("<H", payload, parts.crowd + 2 * place)
    return Leaning(genres[genre], share, level / CROWD_SCALE)


def _filled(values: Sequence[int] | Mapping[int, float], filler: int, most: int) -> bytes:
    found = bytes(values)
    return found + bytes((filler,)) * (most - len(found))
