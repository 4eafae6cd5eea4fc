"""A ranking as bytes: user lists, similar titles and popular lists. docs/redis.md draws it.

Little-endian, in this order (n entries, the first r of them with reasons, v overflows, d titles
that are reasons, m shown):

    u8 version = 2 | u8 n | u8 r | u8 v | u8 d | u8 m | f32 floor | f32 step
    u16[n] columns
    u8[n]  drops: how many levels lower than the entry before (the first: than TOP_LEVEL);
           255 means 255 plus the next overflow
    u16[v] overflows
    u8[ceil(n/4)] rules, two bits an entry, lowest bits first
    u16[d] columns of contributors
    u8[r]  first contributors | u8[r] second contributors: places among those, 255 for none
    u8[r]  first shares | u8[r] second shares, in 255ths
    u8[m]  positions of the first entries that people see unless they ask otherwise, in that
           order; m = 255 says that this order was not worked out, and no positions follow

The score of an entry is floor + step * level. Redis's allocator has classes of 1,280 and 1,536
bytes: as many of the positions are stored as still fit. Version 1 named the contributors of each
entry by their columns, and lacked d, m and the positions.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from math import isfinite
from struct import Struct, error, unpack_from
from struct import pack as pack_values
from typing import Final, NamedTuple

from schemas.errors import PayloadError
from schemas.records import Column, Entry, Ranking, Reason, Rule

VERSION: Final = 2
MAX_ENTRIES: Final = 255
MAX_REASONS: Final = 127
"""Entries with reasons in a list; with two each, no more than 255 titles can be reasons."""
NOT_ARRANGED: Final = 255
TOP_LEVEL: Final = 4095
NO_COLUMN: Final = 0xFFFF
SHARE_SCALE: Final = 255
SATURATED: Final = 255
Because = tuple[int, int, int, int]
"""First contributor, its share, second contributor, its share; shares in 255ths, and
NO_COLUMN where there is no contributor."""

NO_REASONS: Final[Because] = (NO_COLUMN, 0, NO_COLUMN, 0)

SMALLEST_STEP: Final = 2.0**-126
"""The smallest normal 32-bit float: scores closer together than this are stored as equal."""
_NOBODY: Final = 255
_NO_TITLES: Final = (NO_COLUMN,) * (_NOBODY + 1)
_FITTING: Final = (1276, 1532)
"""Payload bytes that fit in a class of Redis's allocator, with its own four or so."""
_FEWEST_SHOWN: Final = 20
"""Positions that are worth the next class."""
_HEADER: Final = Struct("<BBBBBBff")
_HEADER_1: Final = Struct("<BBBBff")


class Layout(NamedTuple):
    """Where each part of one payload starts, in bytes, for readers that wrap the buffer."""

    entries: int
    with_reasons: int
    floor: float
    step: float
    arranged: bool
    columns: int
    drops: int
    overflows: int
    rules: int
    contributors: int
    first: int
    second: int
    first_share: int
    second_share: int
    shown: int
    end: int

    @property
    def named(self) -> bool:
        """Whether contributors are given by columns, as in version 1, and not by places."""
        return self.second - self.first != self.with_reasons


def layout(payload: bytes) -> Layout:
    """Read the header and check that the payload is as long as it says.

    Raises:
        PayloadError: an unknown version, not exactly the announced length, or scores that are
            not finite or ascend.
    """
    try:
        if payload[:1] == b"\x01":
            _, n, r, v, floor, step = _HEADER_1.unpack_from(payload)
            version, d, m, wide, start = 1, 0, NOT_ARRANGED, 2, _HEADER_1.size
        else:
            version, n, r, v, d, m, floor, step = _HEADER.unpack_from(payload)
            wide, start = 1, _HEADER.size
    except error as cause:
        raise PayloadError(f"ranking of {len(payload)} bytes has no header") from cause
    if version not in (1, VERSION):
        raise PayloadError(f"unknown ranking version {version}")
    arranged = m != NOT_ARRANGED
    sizes = (2 * n, n, 2 * v, (n + 3) // 4, 2 * d, wide * r, wide * r, r, r, m * arranged)
    found = Layout(n, r, floor, step, arranged, *accumulate(sizes, initial=start))
    if found.end != len(payload) or r > n:
        raise PayloadError(f"ranking is {len(payload)} bytes, its header says {found.end}")
    if not isfinite(floor + step):
        raise PayloadError("scores are not finite")
    if step < 0:
        raise PayloadError("scores ascend")
    return found


def pack(
    *, columns: bytes, drops: bytes, overflows: bytes, rules: bytes, reasons: bytes,
    floor: float, step: float, shown: bytes | None = None,
) -> bytes:  # fmt: skip
    """Put parts that are already in their stored form behind a header.

    Vectorised writers call this; `encode` is the plain way. `reasons` holds, one after the other,
    the columns of first and of second contributors, two bytes each, and their shares; `shown`
    one position a byte, None where nobody worked it out. What does not fit of it is left out.

    Raises:
        ValueError: more than 255 titles are reasons.
    """
    r = len(reasons) // 6
    contributors, places = _places(reasons[: 4 * r])
    parts = (columns, drops, overflows, rules, contributors, places, reasons[4 * r :])
    size = _HEADER.size + sum(map(len, parts))
    kept = b"" if shown is None else shown[: _room(size)]
    m = NOT_ARRANGED if shown is None else len(kept)
    counts = (len(drops), r, len(overflows) // 2, len(contributors) // 2, m)
    return b"".join((_HEADER.pack(VERSION, *counts, floor, step), *parts, kept))


def _places(columns: bytes) -> tuple[bytes, bytes]:
    """The different columns of contributors, ascending, and the place of each among them."""
    listed = unpack_from(f"<{len(columns) // 2}H", columns)
    different = sorted({*listed} - {NO_COLUMN})
    if len(different) > _NOBODY:
        raise ValueError(f"at most {_NOBODY} titles can be reasons, got {len(different)}")
    place = {column: at for at, column in enumerate(different)}
    return _u16(different), bytes([place.get(column, _NOBODY) for column in listed])


def _room(size: int) -> int:
    """How many positions fit behind so many bytes."""
    room = [limit - size for limit in _FITTING if limit - size >= _FEWEST_SHOWN]
    return room[0] if room else _FEWEST_SHOWN


def encode(ranking: Ranking, shown: Sequence[int] | None = None) -> bytes:
    """Encode a ranking; scores are rounded to 4,096 levels between its best and its last.

    `shown` holds the positions that people see, in order, None where nobody worked it out.

    Raises:
        ValueError: more than MAX_ENTRIES entries or 255 reasons, scores not descending, or an
            entry with reasons behind one without.
    """
    if len(ranking) > MAX_ENTRIES:
        raise ValueError(f"a ranking holds at most {MAX_ENTRIES} entries, got {len(ranking)}")
    floor, step = _grid([entry.score for entry in ranking])
    drops = _drops([round((e.score - floor) / step) if step else TOP_LEVEL for e in ranking])
    return pack(
        columns=_u16(entry.column for entry in ranking),
        drops=bytes(min(drop, SATURATED) for drop in drops),
        overflows=_u16(drop - SATURATED for drop in drops if drop >= SATURATED),
        rules=_pack_rules(ranking),
        reasons=_pack_reasons(ranking),
        floor=floor,
        step=step,
        shown=None if shown is None else bytes(shown),
    )


def _grid(scores: Sequence[float]) -> tuple[float, float]:
    if not scores:
        return 0.0, 0.0
    if any(later > earlier for earlier, later in pairwise(scores)):
        raise ValueError("scores must descend")
    step = (scores[0] - scores[-1]) / TOP_LEVEL
    return scores[-1], step if step >= SMALLEST_STEP else 0.0


def _drops(levels: Sequence[int]) -> list[int]:
    return [before - level for before, level in zip([TOP_LEVEL, *levels], levels, strict=False)]


def _u16(values: Iterable[int]) -> bytes:
    listed = list(values)
    return pack_values(f"<{len(listed)}H", *listed)


def _pack_rules(ranking: Ranking) -> bytes:
    packed = bytearray((len(ranking) + 3) // 4)
    for index, entry in enumerate(ranking):
        packed[index // 4] |= entry.rules << 2 * (index % 4)
    return bytes(packed)


def _pack_reasons(ranking: Ranking) -> bytes:
    reasoned = [entry.reasons for entry in ranking if entry.reasons]
    if any(entry.reasons for entry in ranking[len(reasoned) :]):
        raise ValueError("entries with reasons must come before those without")
    first = [reasons[0] for reasons in reasoned]
    second = [reasons[1] if len(reasons) > 1 else _NO_REASON for reasons in reasoned]
    columns = _u16(reason.column for reason in (*first, *second))
    return columns + bytes(round(reason.share * SHARE_SCALE) for reason in (*first, *second))


_NO_REASON: Final = Reason(Column(NO_COLUMN), 0.0)


def decode(payload: bytes, limit: int = MAX_ENTRIES) -> Ranking:
    """Decode the first `limit` entries.

    Raises:
        PayloadError: the bytes are not a ranking of a version we know.
    """
    found = layout(payload)
    n = min(limit, found.entries)
    return tuple(
        Entry(Column(column), found.floor + found.step * level, Rule(flags), because)
        for column, level, flags, because in zip(
            columns(payload, found, n),
            levels(payload, found, n),
            rules(payload, found)[:n],
            _reasons(payload, found, n),
            strict=True,
        )
    )


def columns(payload: bytes, found: Layout, n: int) -> Sequence[int]:
    """The columns of the first n entries."""
    return unpack_from(f"<{n}H", payload, found.columns)


def levels(payload: bytes, found: Layout, n: int) -> list[int]:
    """The levels of the first n entries, from TOP_LEVEL down to 0."""
    return [TOP_LEVEL - below for below in fallen(payload, found, n)]


def fallen(payload: bytes, found: Layout, n: int) -> list[int]:
    """How many levels below TOP_LEVEL each of the first n entries is; ascends."""
    drops: Sequence[int] = payload[found.drops : found.drops + n]
    if found.rules > found.overflows and SATURATED in drops:
        overflows = iter(
            unpack_from(f"<{(found.rules - found.overflows) // 2}H", payload, found.overflows)
        )
        drops = [one if one < SATURATED else one + next(overflows, 0) for one in drops]
    return list(accumulate(drops))


_FOUR_RULES: Final = [bytes(byte >> shift & 3 for shift in (0, 2, 4, 6)) for byte in range(256)]
"""What each byte of rules says."""


def rules(payload: bytes, found: Layout) -> bytes:
    """The rules of every entry, as bits of schemas.records.Rule."""
    packed = payload[found.rules : found.contributors]
    return b"".join(map(_FOUR_RULES.__getitem__, packed))[: found.entries]


def shown(payload: bytes, found: Layout) -> bytes | None:
    """The positions of the first entries to show, in order, None where nobody worked them out."""
    return payload[found.shown : found.end] if found.arranged else None


def contributors(payload: bytes, found: Layout, r: int) -> list[Because]:
    """What stands behind each of the first r entries that have reasons."""
    ours, theirs = (payload[start : start + r] for start in (found.first_share, found.second_share))
    if found.named:
        first, second = (unpack_from(f"<{r}H", payload, at) for at in (found.first, found.second))
        return list(zip(first, ours, second, theirs, strict=True))
    d = (found.first - found.contributors) // 2
    titles = unpack_from(f"<{d}H", payload, found.contributors) + _NO_TITLES[d:]
    places = zip(
        payload[found.first : found.first + r],
        ours,
        payload[found.second : found.second + r],
        theirs,
        strict=True,
    )
    return [(titles[one], share, titles[two], other) for one, share, two, other in places]


def contributors_at(payload: bytes, found: Layout, positions: Sequence[int]) -> list[Because]:
    """What stands behind the entries at some positions; nothing where no reasons are stored."""
    r, ours, theirs = found.with_reasons, found.first_share, found.second_share
    if found.named:
        first, second = (unpack_from(f"<{r}H", payload, at) for at in (found.first, found.second))
        return [
            (first[at], payload[ours + at], second[at], payload[theirs + at])
            if at < r
            else NO_REASONS
            for at in positions
        ]
    d = (found.first - found.contributors) // 2
    titles = unpack_from(f"<{d}H", payload, found.contributors) + _NO_TITLES[d:]
    one, two = found.first, found.second
    return [
        (
            titles[payload[one + at]],
            payload[ours + at],
            titles[payload[two + at]],
            payload[theirs + at],
        )
        if at < r
        else NO_REASONS
        for at in positions
    ]


def entries_at(
    payload: bytes, found: Layout, positions: Sequence[int]
) -> tuple[list[int], list[float], list[Because]]:
    """Columns, scores and reasons of the entries at some positions, in the order given.

    Raises:
        PayloadError: a position is beyond the last entry.
    """
    n = max(positions, default=-1) + 1
    if n > found.entries:
        raise PayloadError(f"shows entry {n - 1} of {found.entries}")
    named = columns(payload, found, n)
    below = fallen(payload, found, n)
    floor, step = found.floor, found.step
    return (
        [named[at] for at in positions],
        [floor + step * (TOP_LEVEL - below[at]) for at in positions],
        contributors_at(payload, found, positions),
    )


def _reasons(payload: bytes, found: Layout, n: int) -> list[tuple[Reason, ...]]:
    r = min(n, found.with_reasons)
    reasons = [
        _present((a, share_a), (b, share_b))
        for a, share_a, b, share_b in contributors(payload, found, r)
    ]
    return reasons + [()] * (n - r)


def _present(*contributors: tuple[int, int]) -> tuple[Reason, ...]:
    return tuple(
        Reason(Column(column), share / SHARE_SCALE)
        for column, share in contributors
        if column != NO_COLUMN
    )
