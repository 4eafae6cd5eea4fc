"""Reads small tables row by row, so that every unusable row can be named with its line."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

import pyarrow.parquet as pq

from batch.ingest.rejects import Reason, Reject, printable
from batch.ingest.sources import Format, Source, open_bytes, readable

_MAX_LINE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Record:
    """One row by column name; `line` is where it starts, or the row in Parquet."""

    line: int
    values: dict[str, str]


def records(source: Source) -> Iterator[Record | Reject]:
    """Read a table; rows whose form is broken come as rejects.

    Raises:
        DataRefusedError: the file is damaged or cut short.
    """
    with readable(source.path):
        if source.format is Format.PARQUET:
            yield from _parquet_records(source)
        else:
            with open_bytes(source.path, source.format) as stream:
                yield from _csv_records(source, stream)


def _csv_records(source: Source, stream: BinaryIO) -> Iterator[Record | Reject]:
    stream.seek(source.start)
    reader = csv.reader(_lines(stream))
    while True:
        line = reader.line_num + 2
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Reject(source.path.name, line, Reason.FIELD_TOO_LONG, printable(str(error)))
            continue
        if fields:
            yield _record(source, line, fields)


def _lines(stream: BinaryIO) -> Iterator[str]:
    """Decode lines, the end of very long ones dropped; broken bytes become surrogates."""
    while line := stream.readline(_MAX_LINE):
        rest = line
        while len(rest) == _MAX_LINE and not rest.endswith(b"\n"):
            rest = stream.readline(_MAX_LINE)
        yield line.decode("utf-8", "surrogateescape")


def _record(source: Source, line: int, fields: list[str]) -> Record | Reject:
    text = ",".join(fields)
    reason = _fault(text, len(fields) - len(source.columns))
    if reason is None:
        return Record(line, dict(zip(source.columns, map(str.strip, fields), strict=True)))
    shown = printable(text.encode("utf-8", "surrogateescape"))
    return Reject(source.path.name, line, reason, shown)


def _fault(text: str, surplus: int) -> Reason | None:
    if any("\ud800" <= character <= "\udfff" for character in text):
        return Reason.BROKEN_UTF8
    if surplus:
        return Reason.TOO_MANY_FIELDS if surplus > 0 else Reason.TOO_FEW_FIELDS
    return None


def _parquet_records(source: Source) -> Iterator[Record]:
    line = 0
    with pq.ParquetFile(source.path) as file:
        for batch in file.iter_batches(4096, use_threads=False):
            for row in batch.to_pylist():
                line += 1
                yield Record(line, {name: _text(value) for name, value in row.items()})


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
