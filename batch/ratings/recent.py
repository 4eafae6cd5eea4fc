"""What was rated of late, from drained files: how many people took up each title."""

from collections.abc import Sequence
from datetime import datetime
from itertools import takewhile
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from schemas.ratings import entry_id
from schemas.records import Status

_COLUMNS = ("user_id", "anime_id", "status")


def taken_up(
    files: Sequence[Path], since: datetime, anime_ids: NDArray[np.int32]
) -> NDArray[np.int64]:
    """How many people rated or watched each title since a moment, shape (anime,).

    Nobody counts twice for a title, and plans do not count.

    Args:
        files: of drained ratings, oldest first.
        since: the moment.
        anime_ids: of the titles, ascending; others are passed over.
    """
    since_ms = int(since.timestamp() * 1000)
    recent = takewhile(lambda path: entry_id(path.stem)[0] >= since_ms, reversed(files))
    pairs = [_pairs(path, since_ms, anime_ids) for path in recent]
    found = np.unique(np.concatenate([np.zeros((0, 2), np.int64), *pairs]), axis=0)
    return np.bincount(found[:, 1], minlength=len(anime_ids))


def _pairs(path: Path, since_ms: int, anime_ids: NDArray[np.int32]) -> NDArray[np.int64]:
    """Users and columns, shape (ratings, 2)."""
    recent = [("entry_ms", ">=", since_ms), ("status", "!=", int(Status.PLANNED))]
    table = pq.read_table(path, columns=list(_COLUMNS), filters=recent)
    users, ids = table["user_id"].to_numpy(), table["anime_id"].to_numpy()
    known = np.isin(ids, anime_ids)
    columns = np.searchsorted(anime_ids, ids[known])
    return np.stack((users[known], columns), axis=1).astype(np.int64)
