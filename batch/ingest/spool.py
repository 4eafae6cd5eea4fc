"""Temporary files between reading and resolving: one for each piece, one batch for each shard."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from batch.ingest.numbers import Rows, concatenate
from batch.ingest.shards import shard_of

SCHEMA = pa.schema(
    [
        ("user_id", pa.int64()),
        ("anime_id", pa.int32()),
        ("rating", pa.int8()),
        ("status", pa.int8()),
    ]
)


@dataclass(frozen=True, slots=True, order=True)
class Spooled:
    """Batch `index` of a spool file; in this order, later rows come later."""

    block: int
    piece: int
    name: str
    index: int


def write(folder: Path, block: int, piece: int, rows: Rows, shards: int) -> dict[int, Spooled]:
    """Spool rows and say where those of each shard are.

    The name depends on the piece alone, and a file appears whole: a retry replaces it.
    """
    name = f"{block:06d}-{piece:06d}.arrow"
    partial = folder / f"{name}.partial"
    places: dict[int, Spooled] = {}
    with pa.OSFile(str(partial), "wb") as out, pa.ipc.new_file(out, SCHEMA) as writer:
        for index, (shard, part) in enumerate(_by_shard(rows, shards)):
            writer.write_batch(pa.record_batch(_columns(part), schema=SCHEMA))
            places[shard] = Spooled(block, piece, name, index)
    partial.replace(folder / name)
    return places


def _by_shard(rows: Rows, shards: int) -> Iterator[tuple[int, Rows]]:
    keys = shard_of(rows.users, shards)
    order = np.argsort(keys, kind="stable")
    rows, keys = rows.take(order), keys[order]
    bounds = np.searchsorted(keys, np.arange(shards + 1))
    for shard in np.flatnonzero(np.diff(bounds)):
        yield int(shard), rows.take(slice(bounds[shard], bounds[shard + 1]))


def _columns(rows: Rows) -> list[NDArray[np.generic]]:
    return [rows.users, rows.anime, rows.ratings, rows.statuses]


def read(folder: Path, places: Iterable[Spooled]) -> Rows:
    """Read all rows of one shard, later ones later."""
    return concatenate([_read_batch(folder, place) for place in sorted(places)])


def _read_batch(folder: Path, place: Spooled) -> Rows:
    with pa.OSFile(str(folder / place.name)) as file, pa.ipc.open_file(file) as reader:
        return Rows(*(column.to_numpy() for column in reader.get_batch(place.index).columns))


def write_shard(path: Path, rows: Rows) -> None:
    """Write resolved rows where they will stay; the file appears whole."""
    partial = path.with_suffix(".partial")
    table = pa.table(_columns(rows), schema=SCHEMA)
    pq.write_table(table, partial, compression="zstd")
    partial.replace(path)
