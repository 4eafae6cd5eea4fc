"""Entries of a stored list, read field by field without building a record for each."""

from collections.abc import Sequence
from typing import NamedTuple

from schemas import ranking_codec
from schemas.ranking_codec import NO_REASONS, Because


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
    return Lines(*ranking_codec.entries_at(payload, found, range(min(limit, found.entries))))
