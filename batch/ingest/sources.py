"""Opens one input file, plain CSV, gzipped CSV or Parquet, and names its columns."""

import codecs
import csv
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final, cast

import pyarrow as pa
import pyarrow.parquet as pq

from batch.ingest.rejects import printable
from schemas.errors import DataRefusedError

MAX_HEADER: Final = 64 * 1024
_UNREADABLE: Final = (EOFError, zlib.error, pa.ArrowException, OSError)


class Format(StrEnum):
    CSV = ".csv"
    GZIP = ".csv.gz"
    PARQUET = ".parquet"


@dataclass(frozen=True, slots=True)
class Source:
    """A file and its columns; `start` is where its first row begins, in unpacked bytes."""

    path: Path
    format: Format
    columns: tuple[str, ...]
    start: int = 0


def format_of(path: Path) -> Format | None:
    name = path.name.lower()
    return next((known for known in Format if name.endswith(known)), None)


def describe(path: Path, kind: Format) -> Source:
    """Read the header of a file.

    Raises:
        DataRefusedError: the file is damaged.
    """
    with readable(path):
        if kind is Format.PARQUET:
            return Source(path, kind, tuple(pq.read_schema(path).names))
        with open_bytes(path, kind) as stream:
            header = stream.readline(MAX_HEADER)
    return Source(path, kind, _columns(header), len(header))


def _columns(header: bytes) -> tuple[str, ...]:
    text = header.removeprefix(codecs.BOM_UTF8).decode("utf-8", "backslashreplace")
    try:
        names = next(csv.reader([text]), [])
    except csv.Error:
        return ()
    return tuple(printable(name.strip()) for name in names)


def open_bytes(path: Path, kind: Format) -> BinaryIO:
    """Open a CSV for reading from its first byte, unpacked."""
    return cast(BinaryIO, gzip.open(path)) if kind is Format.GZIP else path.open("rb")


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what readers say about a cut or damaged file into our refusal."""
    try:
        yield
    except _UNREADABLE as error:
        # Only the operating system gives a number; a decoder that meets damage does not.
        if getattr(error, "errno", None) is not None:
            raise
        raise DataRefusedError(
            f"{path.name} is damaged or cut short: {printable(str(error))}"
        ) from error
