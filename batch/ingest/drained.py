"""Ratings that came through the API, as rows behind those of the files."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from batch.ingest.interactions import Known
from batch.ingest.numbers import Rows
from batch.ratings.files import rows_in

_COLUMNS = ("user_id", "anime_id", "rating", "status")


@dataclass(frozen=True, slots=True)
class DrainedBlock:
    """A file of drained ratings; `number` places it behind the blocks of the data."""

    number: int
    path: Path


def plan(files: Iterable[Path], first: int) -> list[DrainedBlock]:
    """A block for each file, in their order, so that later ratings come later."""
    return [DrainedBlock(first + place, path) for place, path in enumerate(files)]


def count_rows(files: Iterable[Path]) -> int:
    """How many ratings files hold, usable or not."""
    return sum(map(rows_in, files))


def read(block: DrainedBlock, known: Known) -> Rows:
    """All of a block that the catalogue has; the rest stays in the file for another night."""
    table = pq.read_table(block.path, columns=list(_COLUMNS))
    rows = Rows(*(table[name].to_numpy() for name in _COLUMNS))
    return rows.take(np.isin(rows.anime, known))
