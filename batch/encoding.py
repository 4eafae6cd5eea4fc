"""From ranked arrays to the bytes of schemas' codecs, a block of users at a time."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from batch.dataset import Histories
from batch.ranking import Ranked
from schemas import history_codec, ranking_codec
from schemas.ranking_codec import SATURATED, SHARE_SCALE, TOP_LEVEL

_RULES_PER_BYTE = 4


def encode_rankings(
    ranked: Ranked,
    reasons: Sequence[bytes],
    rules: NDArray[np.uint8] | None = None,
    shown: Sequence[bytes | None] | None = None,
) -> Iterator[bytes]:
    """One payload a user.

    Args:
        ranked: the block.
        reasons: for each user what `pack_reasons` made, b"" for none.
        rules: bits of schemas.records.Rule for each entry, shape (users, n); None for no flags.
        shown: for each user the positions that people see, None where not worked out.
    """
    packed = pack_rules(ranked, rules)
    columns = ranked.columns.astype("<u2")
    drops = -np.diff(ranked.levels, axis=1, prepend=TOP_LEVEL)
    saturated = np.minimum(drops, SATURATED).astype(np.uint8)
    for user, n in enumerate(ranked.counts.tolist()):
        yield ranking_codec.pack(
            columns=columns[user, :n].tobytes(),
            drops=saturated[user, :n].tobytes(),
            overflows=_overflows(drops[user, :n]),
            rules=packed[user, : -(-n // _RULES_PER_BYTE)].tobytes(),
            reasons=reasons[user],
            floor=float(ranked.floors[user]),
            step=float(ranked.steps[user]),
            shown=shown[user] if shown else None,
        )


def pack_rules(ranked: Ranked, rules: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    """Four entries' flags to a byte, the first in the lowest bits; nothing behind a list's end."""
    users, n = ranked.columns.shape
    padded = np.zeros((users, -(-n // _RULES_PER_BYTE) * _RULES_PER_BYTE), np.uint8)
    if rules is not None:
        padded[:, :n] = np.where(np.arange(n) < ranked.counts[:, None], rules, 0)
    fours = padded.reshape(users, -1, _RULES_PER_BYTE)
    packed: NDArray[np.uint8] = (fours << np.arange(0, 8, 2, dtype=np.uint8)).sum(
        axis=2, dtype=np.uint8
    )
    return packed


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
