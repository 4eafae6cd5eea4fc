"""Reads interactions from Parquet, a bounded number of rows at a time."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from batch.ingest.blocks import Block
from batch.ingest.interactions import Known, Parsed, settle
from batch.ingest.numbers import Floats, Ints, Numbers, RowShape
from batch.ingest.rejects import REASONS, Reason, printable
from batch.ingest.sources import readable
from schemas.errors import DataRefusedError

BATCH_ROWS: Final = 1_000_000
_BEYOND: Final = 2.0**63


def batches(block: Block, shape: RowShape) -> Iterator[pa.RecordBatch]:
    """Read the columns that `shape` uses of a block's row groups.

    Raises:
        DataRefusedError: the file is damaged, or a column does not hold numbers.
    """
    groups = range(block.start, block.end or 0)
    names = [shape.columns[position] for position in shape.used]
    with readable(block.path), pq.ParquetFile(block.path) as file:
        for name in names:
            _require_numbers(block.path.name, file.schema_arrow.field(name))
        for batch in file.iter_batches(BATCH_ROWS, groups, names, use_threads=False):
            yield batch.select(names)


def _require_numbers(file: str, field: pa.Field) -> None:
    if not (pa.types.is_integer(field.type) or pa.types.is_floating(field.type)):
        raise DataRefusedError(f"{file}: column {field.name} must hold numbers, not {field.type}")


def parse(batch: pa.RecordBatch, shape: RowShape, known: Known) -> Parsed:
    """Judge a batch of rows; positions are those in the batch."""
    rows = batch.num_rows
    return settle(numbers_of(batch), np.arange(rows), rows, shape, known)


def numbers_of(batch: pa.RecordBatch) -> Numbers:
    """Turn columns user, anime, rating and perhaps status into arrays."""
    users, anime, ratings, *statuses = batch.columns
    (user_ids, odd_users), (anime_ids, odd_anime) = _ids(users), _ids(anime)
    return Numbers(
        user_ids, anime_ids, _floats(ratings),
        _floats(statuses[0]) if statuses else None, odd_users | odd_anime,
    )  # fmt: skip


def _floats(column: pa.Array) -> Floats:
    floats: Floats = pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return floats


def _ids(column: pa.Array) -> tuple[Ints, NDArray[np.bool_]]:
    """Whole ids, negative where they are out of range, and a mask of what is no whole number."""
    if pa.types.is_integer(column.type):
        # Unsigned ids beyond int64 wrap to negative ones.
        filled = pc.cast(pc.fill_null(column, 0), pa.int64(), safe=False)
        return filled.to_numpy(), _mask(column.is_null())
    floats = _floats(column)
    odd = ~(np.isfinite(floats) & (floats == np.floor(floats)))
    fits = ~odd & (np.abs(floats) < _BEYOND)
    return np.where(fits, floats, -1.0).astype(np.int64), odd


def _mask(flags: pa.BooleanArray) -> NDArray[np.bool_]:
    return np.asarray(flags.to_numpy(zero_copy_only=False), dtype=np.bool_)


def reject_rows(parsed: Parsed, batch: pa.RecordBatch) -> Iterator[tuple[int, Reason, str]]:
    """Spell the rejects of a parsed batch: row from 1, reason, the values read."""
    for row, code in zip(map(int, parsed.rejected), parsed.codes, strict=True):
        values = (column[row].as_py() for column in batch.columns)
        text = ",".join("" if value is None else str(value) for value in values)
        yield row + 1, REASONS[code], printable(text)
