"""Parses one block of interactions: usable rows as arrays, the others with line and reason."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from batch.ingest import sieve
from batch.ingest.numbers import FINE, Codes, Ints, Numbers, Rows, RowShape, judge, usable
from batch.ingest.plain import is_simple, read_plain
from batch.ingest.rejects import CODES, REASONS, Reason, printable

Known = NDArray[np.int32]
"""The anime ids of the catalogue."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """Usable rows in file order, and the positions, from 0 and ascending, of the others.

    `codes` says why each was rejected; `lines` counts all lines, empty ones too.
    """

    rows: Rows
    rejected: Ints
    codes: Codes
    lines: int

    def counts(self) -> dict[str, int]:
        """How many rows were rejected for each reason."""
        found = np.bincount(self.codes, minlength=len(REASONS))
        return {str(reason): int(n) for reason, n in zip(REASONS, found, strict=True) if n}


def parse(data: bytes, shape: RowShape, known: Known) -> Parsed:
    """Parse whole lines of CSV; the last may lack its line end."""
    data = data if data.endswith(b"\n") else data + b"\n"
    total = data.count(b"\n")
    found = read_plain(data, shape) if is_simple(data) else None
    if found is None or found.users.size != total:
        return parse_carefully(data, shape, known)
    return settle(found, np.arange(total), total, shape, known)


def settle(numbers: Numbers, where: Ints, lines: int, shape: RowShape, known: Known) -> Parsed:
    """Judge well-formed rows; `where` holds the position of each."""
    codes = judge(numbers, shape, known)
    fine = codes == FINE
    return Parsed(usable(numbers, fine), where[~fine], codes[~fine], lines)


def parse_carefully(data: bytes, shape: RowShape, known: Known) -> Parsed:
    """Parse lines that all end with a line feed, one at a time where need be."""
    ends = line_ends(data)
    lines = _as_array(data, ends)
    is_plain, is_empty = sieve.plain_lines(lines, shape), sieve.empty_lines(lines)
    plain = read_plain(_joined(lines.filter(is_plain)), shape)
    if plain is None:
        raise AssertionError("the sieve kept a line that the fast reader cannot read")
    others = np.flatnonzero(~(_mask(is_plain) | _mask(is_empty)))
    odd, odd_at, rejected, codes = _explain(data, ends, others, shape)
    where = np.concatenate([np.flatnonzero(_mask(is_plain)), odd_at])
    order = np.argsort(where)
    parsed = settle(_ordered(plain, odd, order), where[order], ends.size, shape, known)
    return _with(parsed, rejected, codes)


def line_ends(data: bytes) -> Ints:
    """Positions behind each line feed."""
    return np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")) + 1


def _as_array(data: bytes, ends: Ints) -> pa.BinaryArray:
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.BinaryArray.from_buffers(pa.binary(), ends.size, buffers)


def _joined(lines: pa.BinaryArray) -> pa.Buffer:
    _, offsets, data = lines.buffers()
    return data.slice(0, int(np.frombuffer(offsets, np.int32)[len(lines)]))


def _mask(flags: pa.BooleanArray) -> NDArray[np.bool_]:
    return np.asarray(flags.to_numpy(zero_copy_only=False), dtype=np.bool_)


def _explain(
    data: bytes, ends: Ints, others: Ints, shape: RowShape
) -> tuple[Numbers, Ints, Ints, Codes]:
    """Read lines one at a time: what odd but usable ones say and where, what the rest lack."""
    odd_at, users, anime = array("q"), array("q"), array("q")
    ratings, statuses = array("d"), array("d")
    rejected, codes = array("q"), array("B")
    for line in map(int, others):
        found = sieve.explain(data[ends[line - 1] if line else 0 : ends[line]], shape)
        if isinstance(found, Reason):
            rejected.append(line)
            codes.append(CODES[found])
            continue
        odd_at.append(line)
        users.append(found[0])
        anime.append(found[1])
        ratings.append(found[2])
        statuses.append(found[3])
    odd = Numbers(np.array(users), np.array(anime), np.array(ratings), np.array(statuses))
    return odd, np.array(odd_at), np.array(rejected), np.array(codes)


def _ordered(first: Numbers, second: Numbers, order: Ints) -> Numbers:
    statuses = None
    if first.statuses is not None and second.statuses is not None:
        statuses = np.concatenate([first.statuses, second.statuses])[order]
    return Numbers(
        np.concatenate([first.users, second.users])[order],
        np.concatenate([first.anime, second.anime])[order],
        np.concatenate([first.ratings, second.ratings])[order],
        statuses,
    )


def _with(parsed: Parsed, rejected: Ints, codes: Codes) -> Parsed:
    where = np.concatenate([parsed.rejected, rejected])
    order = np.argsort(where)
    both = np.concatenate([parsed.codes, codes])[order]
    return Parsed(parsed.rows, where[order], both, parsed.lines)


def reject_rows(parsed: Parsed, data: bytes) -> Iterator[tuple[int, Reason, str]]:
    """Spell the rejects of a parsed block: line from 1, reason, text."""
    ends = line_ends(data)
    for line, code in zip(map(int, parsed.rejected), parsed.codes, strict=True):
        text = data[ends[line - 1] if line else 0 : ends[line] if line < ends.size else None]
        yield line + 1, REASONS[code], printable(text)
