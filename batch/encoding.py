"""From ranked arrays to the bytes of schemas' codecs, a block of users at a time."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from batch.dataset import Histories
from batch.ranking import Ranked
from batch.reasons import Contributors
from schemas import history_codec, ranking_codec
from schemas.ranking_codec import NO_COLUMN, SATURATED, SHARE_SCALE, TOP_LEVEL

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


def pack_reasons(contributors: Contributors, columns: NDArray[np.int32]) -> bytes:
    """The stored form of one user's reasons.

    Args:
        contributors: of the leading entries.
        columns: catalogue column of each of the user's titles.
    """
    padded = np.append(columns, NO_COLUMN)  # so that title -1 finds "none"
    shares = np.rint(contributors.shares * SHARE_SCALE).astype(np.uint8)
    return padded[contributors.titles].astype("<u2").tobytes() + shares.tobytes()


def encode_histories(histories: Histories) -> Iterator[bytes]:
    """One payload a user."""
    columns = histories.columns.astype("<u2")
    marks = (histories.ratings | histories.statuses << history_codec.STATUS_SHIFT).astype(np.uint8)
    for start, stop in zip(
        histories.starts[:-1].tolist(), histories.starts[1:].tolist(), strict=True
    ):
        yield history_codec.pack(columns[start:stop].tobytes(), marks[start:stop].tobytes())
