"""Entries of a stored list, read field by field without building a record for each."""

from collections.abc import Sequence
from typing import NamedTuple

from api.scanning import Stored
from schemas import ranking_codec
from schemas.errors import PayloadError
from schemas.ranking_codec import NO_REASONS, TOP_LEVEL, Because, Layout


class Lines(NamedTuple):
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
