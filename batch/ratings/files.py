"""Drained ratings on disk: Parquet files, each named by the last entry of the stream in it.

Each also says its first entry: it has all entries from there to its last. So a file whose last
entry is within another's is held by that one, and does not count: it was merged into it by a run
that was killed before deleting it, or written by one that had lost its lease without knowing.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import VerificationError
from schemas.ratings import NOTHING, entry_id

SCHEMA: Final = pa.schema(
    [
        ("entry_ms", pa.int64()),
        ("entry_number", pa.int64()),
        ("user_id", pa.int64()),
        ("anime_id", pa.int32()),
        ("rating", pa.int8()),
        ("status", pa.int8()),
    ]
)
_SUFFIX: Final = ".parquet"
_FIRST: Final = b"anirec.first"
"""In the metadata of a file: its first entry, as a name would have it."""


@dataclass(frozen=True, slots=True)
class Drained:
    """Files of ratings, oldest first; `watermark` is the last entry that is in them."""

    files: tuple[Path, ...] = ()
    watermark: tuple[int, int] = NOTHING


NONE_DRAINED: Final = Drained()


def drained_in(folder: Path) -> Drained:
    """What lies in a folder, which need not be there, but not what another file holds."""
    found = _files(folder)
    held = _held(found)
    files = tuple(one for one in found if one not in held)
    return Drained(files, entry_id(files[-1].stem) if files else NOTHING)


def write(folder: Path, rows: Sequence[Sequence[int]], last: tuple[int, int]) -> Path:
    """Write rows in the order of SCHEMA, oldest first, to a file that says `last` is its last.

    The file appears whole, on the disk itself, and only once it was read back.

    Raises:
        VerificationError: what was read back is not what was written.
    """
    columns = np.array(rows, np.int64).reshape(-1, len(SCHEMA)).T
    path = folder / f"{_name(last)}{_SUFFIX}"
    first = _name((rows[0][0], rows[0][1])) if rows else path.stem
    table = pa.table(list(columns), names=SCHEMA.names).cast(SCHEMA)
    _replace(path, table.replace_schema_metadata({_FIRST: first.encode()}))
    return path


def merge(folder: Path, files: Sequence[Path]) -> Path:
    """Put neighbouring files, oldest first, into one with the name of the last.

    It takes the place of that one whole, and only once it was read back; then the others go.

    Raises:
        VerificationError: what was read back is not what was written.
    """
    table = pa.concat_tables([pq.read_table(one).replace_schema_metadata() for one in files])
    first = _first_of(files[0])
    _replace(files[-1], table.replace_schema_metadata({_FIRST: first.encode()}))
    delete_held(folder)
    return files[-1]


def delete_held(folder: Path) -> None:
    """Delete files that others hold."""
    held = _held(_files(folder))
    for path in held:
        path.unlink()
    if held:
        _sync(folder)


def rows_in(path: Path) -> int:
    """How many ratings a file has."""
    return int(pq.read_metadata(path).num_rows)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"[0-9]*-[0-9]*{_SUFFIX}"))


def _held(found: Sequence[Path]) -> list[Path]:
    """Files, of some that are sorted, whose last entry is within another one."""
    firsts = {one.stem: _first_of(one) for one in found}
    return [
        path for path in found if any(first <= path.stem < last for last, first in firsts.items())
    ]


def _first_of(path: Path) -> str:
    """What a file says; its only known entry where one of before says nothing."""
    found = (pq.read_metadata(path).metadata or {}).get(_FIRST)
    return path.stem if found is None else str(found.decode())


def _name(entry: tuple[int, int]) -> str:
    ms, number = entry
    return f"{ms:016d}-{number:010d}"


def without(path: Path, user_ids: Sequence[int], lasts: Sequence[tuple[int, int]]) -> int:
    """Take users' rows up to the last of each out of a file; returns how many there were."""
    table = pq.read_table(path)
    users, ms, numbers = (
        table[name].to_numpy() for name in ("user_id", "entry_ms", "entry_number")
    )
    gone = np.zeros(len(users), bool)
    suspects = np.flatnonzero(np.isin(users, np.array(user_ids, np.int64)))
    last_of = dict(zip(user_ids, lasts, strict=True))
    for row in suspects.tolist():
        gone[row] = (int(ms[row]), int(numbers[row])) <= last_of[int(users[row])]
    if gone.any():
        _replace(path, table.filter(pa.array(~gone)))
    return int(gone.sum())


def _replace(path: Path, table: pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        pq.write_table(table, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    if not pq.read_table(part).equals(table, check_metadata=True):
        raise VerificationError(f"{part}: not the ratings that were written")
    os.replace(part, path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
