"""Entries of a stored list, read field by field without building a record for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from schemas import ranking_codec
from schemas.errors import PayloadError
from schemas.ranking_codec import NO_COLUMN, Because, Layout

NOTHING: Final[Because] = (NO_COLUMN, 0, NO_COLUMN, 0)


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
            [self.reasons[at] if at < explained else NOTHING for at in positions],
        )


@dataclass(frozen=True, slots=True)
class Stored:
    """What deciding on an order takes: of each entry its column, by how many levels it is above
    the last one, and its rules.
    """

    columns: Sequence[int]
    worth: Sequence[int]
    rules: Sequence[int]


def stored(payload: bytes, found: Layout) -> Stored:
    """Everything but the reasons, of every entry."""
    fallen = ranking_codec.fallen(payload, found, found.entries)
    lowest = fallen[-1] if fallen else 0
    worth = [lowest - below for below in fallen]
    named = ranking_codec.columns(payload, found, found.entries)
    return Stored(named, worth, ranking_codec.rules(payload, found))


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
    levels = ranking_codec.levels(payload, found, n)
    floor, step = found.floor, found.step
    because = ranking_codec.contributors(payload, found, min(n, found.with_reasons))
    because += [NOTHING] * (n - len(because))
    return Lines(
        [named[at] for at in positions],
        [floor + step * levels[at] for at in positions],
        [because[at] for at in positions],
    )
