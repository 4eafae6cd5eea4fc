"""Cuts an interaction file into blocks that can be read independently of one another."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import pyarrow.parquet as pq

from batch.ingest.numbers import RowShape
from batch.ingest.sources import Format, Source, open_bytes, readable

BLOCK_BYTES: Final = 32 * 1024 * 1024
_BLOCK_ROWS: Final = 2_000_000
_WINDOW: Final = 64 * 1024
_TYPICAL_BYTES: Final = {(Format.CSV, False): 13.0, (Format.CSV, True): 16.0,
                         (Format.GZIP, False): 3.5, (Format.GZIP, True): 4.0}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Block:
    """Part `number` of a file: bytes start to end (None: all of them), or Parquet row groups."""

    number: int
    path: Path
    format: Format
    start: int
    end: int | None


def estimate_rows(source: Source, shape: RowShape) -> int:
    """Guess how many rows a file holds from its size; exact for Parquet."""
    if source.format is Format.PARQUET:
        return int(pq.read_metadata(source.path).num_rows)
    typical = _TYPICAL_BYTES[source.format, shape.has_status]
    return int(source.path.stat().st_size / typical)


def plan(source: Source, block_bytes: int = BLOCK_BYTES) -> list[Block]:
    """List the blocks of a file; a gzipped one cannot be cut."""
    if source.format is Format.GZIP:
        ranges: list[tuple[int, int | None]] = [(source.start, None)]
    elif source.format is Format.CSV:
        ranges = list(_byte_ranges(source, block_bytes))
    else:
        ranges = list(_row_groups(source))
    return [
        Block(number, source.path, source.format, start, end)
        for number, (start, end) in enumerate(ranges)
    ]


def _byte_ranges(source: Source, block_bytes: int) -> Iterator[tuple[int, int]]:
    size = source.path.stat().st_size
    with source.path.open("rb") as stream:
        start = source.start
        while start < size:
            end = _cut(stream, start, min(start + block_bytes, size), size)
            yield start, end
            start = end


def _cut(stream: BinaryIO, start: int, target: int, size: int) -> int:
    """Find the end of the last line that ends by `target`, or else of the first one."""
    if target == size:
        return size
    for end in range(target, start, -_WINDOW):
        begin = max(start, end - _WINDOW)
        stream.seek(begin)
        found = stream.read(end - begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
    stream.seek(target)
    _skip_line(stream)
    return stream.tell()


def _skip_line(stream: BinaryIO) -> None:
    while (part := stream.readline(_WINDOW)) and not part.endswith(b"\n"):
        pass


def _row_groups(source: Source) -> Iterator[tuple[int, int]]:
    metadata = pq.read_metadata(source.path)
    start = rows = 0
    for group in range(metadata.num_row_groups):
        rows += metadata.row_group(group).num_rows
        if rows >= _BLOCK_ROWS or group == metadata.num_row_groups - 1:
            yield start, group + 1
            start, rows = group + 1, 0


def pieces(block: Block, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Read a block of CSV in whole lines, at most `block_bytes` at a time.

    A line longer than that comes cut and with a NUL at its end, which no usable line holds.

    Raises:
        DataRefusedError: the file is damaged or cut short.
    """
    with readable(block.path), open_bytes(block.path, block.format) as stream:
        stream.seek(block.start)
        rest = b""
        while data := stream.read(_amount(stream, block, block_bytes - len(rest))):
            data = rest + data
            cut = data.rfind(b"\n") + 1
            rest = data[cut:]
            if cut:
                yield data[:cut]
            elif len(data) == block_bytes and stream.tell() != block.end:
                yield data[:_WINDOW] + b"\0\n"
                _skip_line(stream)
                rest = b""
        if rest:
            yield rest


def _amount(stream: BinaryIO, block: Block, wanted: int) -> int:
    return wanted if block.end is None else min(wanted, block.end - stream.tell())
