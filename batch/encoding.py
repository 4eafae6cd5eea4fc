"""From ranked arrays to the bytes of schemas' codecs, a block of users at a time."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from batch.dataset import Histories
from batch.ranking import Ranked
from schemas import history_codec, ranking_codec
from schemas.ranking_codec import SATURATED, SHARE_SCALE, TOP_LEVEL

_RULES_PER_BYTE = 4


def encode_rankings(ranked: Ranked, reasons: Sequence[bytes]) -> Iterator[bytes]:
    """One payload a user.

    Args:
        ranked: the block.
        reasons: for each user what `pack_reasons` made, b"" for none.
    """
    columns = ranked.columns.astype("<u2")
    drops = -np.diff(ranked.levels, axis=1, prepend=TOP_LEVEL)
    saturated = np.minimum(drops, SATURATED).astype(np.uint8)
    for user, n in enumerate(ranked.counts.tolist()):
        yield ranking_codec.pack(
            columns=columns[user, :n].tobytes(),
            drops=saturated[user, :n].tobytes(),
            overflows=_overflows(drops[user, :n]),
            rules=bytes(-(-n // _RULES_PER_BYTE)),
            reasons=reasons[user],
            floor=float(ranked.floors[user]),
            step=float(ranked.steps[user]),
        )


def _overflows(drops: NDArray[np.int64]) -> bytes:
    over: NDArray[np.int64] = drops[drops >= SATURATED] - SATURATED
    return over.astype("<u2").tobytes()


def pack_reasons(
    columns: NDArray[np.integer], shares: NDArray[np.float32], counts: NDArray[np.int64]
) -> list[bytes]:
    """The stored form of each user's reasons.

    Args:
        columns: first and second contributor of each leading entry, (users, 2, entries).
        shares: theirs, of the same shape.
        counts: how many entries each user has; what stands behind those is left out.
    """
    stored, parts = columns.astype("<u2"), np.rint(shares * SHARE_SCALE).astype(np.uint8)
    return [
        stored[user, :, :n].tobytes() + parts[user, :, :n].tobytes()
        for user, n in enumerate(counts.tolist())
    ]


def encode_histories(histories: Histories) -> Iterator[bytes]:
    """One payload a user."""
    columns = histories.columns.astype("<u2")
    marks = (histories.ratings | histories.statuses << history_codec.STATUS_SHIFT).astype(np.uint8)
    for start, stop in zip(
        histories.starts[:-1].tolist(), histories.starts[1:].tolist(), strict=True
    ):
        yield history_codec.pack(columns[start:stop].tobytes(), marks[start:stop].tobytes())
