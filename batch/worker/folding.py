"""What users have rated since, laid over their stored histories. Pure."""

from collections.abc import Mapping, Sequence

import numpy as np

from batch.dataset import Histories
from schemas import history_codec
from schemas.history_codec import RATING_MASK, STATUS_SHIFT
from schemas.ratings import Recent, mark
from schemas.records import AnimeId, UserId


def fold(stored: bytes | None, recent: Sequence[Recent], column_of: Mapping[AnimeId, int]) -> bytes:
    """One user's history with recent ratings in it, as it is stored.

    What was said last of a title counts; titles that the catalogue lacks are left out.

    Args:
        stored: the nightly history, None for a user whom the night did not know.
        recent: oldest first.
        column_of: the catalogue of the same generation.

    Raises:
        PayloadError: the stored history cannot be read.
    """
    marks = dict(zip(*history_codec.parts(stored), strict=True)) if stored else {}
    for one in recent:
        if one.anime_id in column_of:
            marks[column_of[one.anime_id]] = mark(one.rating, one.status)
    columns = sorted(marks)
    ordered = np.array(columns, "<u2").tobytes()
    return history_codec.pack(ordered, bytes(marks[column] for column in columns))


def histories_of(folded: Mapping[UserId, bytes]) -> Histories:
    """Stored histories, by user, as the nightly pipeline has them.

    Raises:
        PayloadError: one of them cannot be read.
    """
    lengths = [history_codec.length(payload) for payload in folded.values()]
    start = len(history_codec.HEADER)
    ends = [start + 2 * n for n in lengths]
    pairs = list(zip(folded.values(), ends, strict=True))
    columns = np.frombuffer(b"".join(payload[start:end] for payload, end in pairs), "<u2")
    marks = np.frombuffer(b"".join(payload[end:] for payload, end in pairs), np.uint8)
    return Histories(
        np.array(list(folded), np.int64),
        np.concatenate(([0], np.cumsum(lengths, dtype=np.int64))),
        columns.astype(np.int32),
        (marks & RATING_MASK).astype(np.int8),
        (marks >> STATUS_SHIFT).astype(np.int8),
    )
