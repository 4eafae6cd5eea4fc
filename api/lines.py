"""Entries of a stored list, read field by field without building a record for each.

Plain Python, which lines.pxd gives types for where it is compiled (decision 31).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas import ranking_codec
from schemas.errors import PayloadError
from schemas.ranking_codec import NO_REASONS, SATURATED, TOP_LEVEL, Because, Layout


@dataclass(frozen=True, slots=True)
class Lines:
    """Best first; `reasons` may be shorter than the rest, which then has none."""

    columns: Sequence[int] = ()
    scores: Sequence[float] = ()
    reasons: Sequence[Because] = ()

    def head(self, n: int) -> "Lines":
        """The first n of them."""
        return Lines(self.columns[:n], self.scores[:n], self.reasons[:n])

    def pick(self, positions: Sequence[int]) -> "Lines":
        """Some of them, in the order given."""
        explained = len(self.reasons)
        return Lines(
            [self.columns[at] for at in positions],
            [self.scores[at] for at in positions],
            [self.reasons[at] if at < explained else NO_REASONS for at in positions],
        )


@dataclass(frozen=True, slots=True)
class Stored:
    """What deciding on an order takes of some entries of a list: where each is, its column, by how
    many levels it is above the last one of the list, which is at level `last`, and its rules.
    """

    last: int
    positions: Sequence[int]
    columns: Sequence[int]
    worth: Sequence[int]
    rules: Sequence[int]


def stored(payload: bytes, found: Layout, allowed: NDArray[np.bool_] | None = None) -> Stored:
    """Everything but the reasons, of every entry or of those whose column is allowed.

    Raises:
        PayloadError: it names a title that is not in the catalogue.
    """
    mask = None if allowed is None else allowed.view(np.uint8).data
    rules = ranking_codec.rules(payload, found)
    try:
        return _scan(
            payload, found.entries, found.columns, found.drops, found.overflows, found.rules,
            rules, mask,
        )  # fmt: skip
    except IndexError as error:
        raise PayloadError("the ranking names a title beyond the last") from error


def _scan(
    payload: bytes,
    entries: int,
    columns: int,
    drops: int,
    overflow: int,
    end: int,
    rules: bytes,
    mask: memoryview | None,
) -> Stored:
    """As `stored`; `columns`, `drops` and `overflow` are where these begin, `end` where the last
    of them does.
    """
    positions: list[int] = []
    named: list[int] = []
    levels: list[int] = []
    flags: list[int] = []
    fallen = 0
    for at in range(entries):
        drop = payload[drops + at]
        fallen += drop
        if drop == SATURATED and overflow < end:
            fallen += payload[overflow] | payload[overflow + 1] << 8
            overflow += 2
        column = payload[columns + 2 * at] | payload[columns + 2 * at + 1] << 8
        if mask is None or mask[column]:
            positions.append(at)
            named.append(column)
            levels.append(fallen)
            flags.append(rules[at])
    return Stored(TOP_LEVEL - fallen, positions, named, [fallen - one for one in levels], flags)


def read(payload: bytes, limit: int) -> Lines:
    """Read the first `limit` entries.

    Raises:
        PayloadError: the bytes are not a ranking of a version we know.
    """
    found = ranking_codec.layout(payload)
    return read_at(payload, found, range(min(limit, found.entries)))


def read_at(payload: bytes, found: Layout, positions: Sequence[int]) -> Lines:
    """Read the entries at some positions, in the order given.

    Raises:
        PayloadError: a position is beyond the last entry.
    """
    n = max(positions, default=-1) + 1
    if n > found.entries:
        raise PayloadError(f"shows entry {n - 1} of {found.entries}")
    named = ranking_codec.columns(payload, found, n)
    fallen = ranking_codec.fallen(payload, found, n)
    floor, step = found.floor, found.step
    return Lines(
        [named[at] for at in positions],
        [floor + step * (TOP_LEVEL - fallen[at]) for at in positions],
        ranking_codec.contributors_at(payload, found, positions),
    )


def pick(payload: bytes, found: Layout, some: Stored, chosen: Sequence[int]) -> Lines:
    """Some of these entries, in the order given."""
    positions = [some.positions[at] for at in chosen]
    floor, step, last = found.floor, found.step, some.last
    return Lines(
        [some.columns[at] for at in chosen],
        [floor + step * (last + some.worth[at]) for at in chosen],
        ranking_codec.contributors_at(payload, found, positions),
    )
