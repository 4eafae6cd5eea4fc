"""Rows that cannot be used: where they were, why, and what they said."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

MAX_TEXT: Final = 200
HEADER: Final = ("file", "line", "reason", "text")


class Reason(StrEnum):
    """In the order they are looked for: the first that applies is the one reported.

    The first eight are for interactions; a catalogue row knows the three about its form, and
    those behind the eight.
    """

    BROKEN_UTF8 = "broken UTF-8"
    TOO_FEW_FIELDS = "too few fields"
    TOO_MANY_FIELDS = "too many fields"
    BAD_NUMBER = "bad number"
    USER_OUT_OF_RANGE = "user id out of range"
    UNKNOWN_ANIME = "unknown anime"
    RATING_OUT_OF_RANGE = "rating out of range"
    UNKNOWN_STATUS = "unknown status"
    FIELD_TOO_LONG = "field too long"
    BAD_ID = "bad id"
    ID_OUT_OF_RANGE = "id out of range"
    EMPTY_TITLE = "empty title"
    DUPLICATE_ID = "duplicate id"


REASONS: Final = tuple(Reason)
CODES: Final = {reason: code for code, reason in enumerate(REASONS)}
"""How arrays spell a reason."""


@dataclass(frozen=True, slots=True)
class Reject:
    """One row kept aside; `line` starts at 1 and, in Parquet, is the row."""

    file: str
    line: int
    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """A file of rejects whose lines count from the end of line `lines_before` of `file`."""

    path: Path
    file: str
    lines_before: int


def printable(text: str | bytes) -> str:
    """Make text safe for a terminal and short: control characters and broken bytes escaped."""
    if isinstance(text, bytes):
        text = text[: 4 * MAX_TEXT].decode("utf-8", "backslashreplace")
    text = text[:MAX_TEXT].rstrip("\r\n")
    if not text.isprintable():
        text = "".join(c if c.isprintable() else _escaped(c) for c in text)
    return text[:MAX_TEXT]


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def most_frequent_first(counts: Mapping[str, int]) -> dict[str, int]:
    """Order reasons by how often they occur; where that ties, by name."""
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))


def write_part(path: Path, rows: Iterable[tuple[int, Reason, str]]) -> None:
    """Write (line, reason, text) for rows whose place in the whole file is not known yet."""
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows(rows)


def write(path: Path, rejects: Iterable[Reject]) -> None:
    """Start the CSV of everything kept aside."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(astuple(reject) for reject in rejects)


def append(path: Path, parts: Iterable[Part]) -> None:
    """Add the rows of parts, one at a time, with their lines in the whole file."""
    with path.open("a", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        for part in parts:
            writer.writerows(_absolute(part))


def _absolute(part: Part) -> Iterator[tuple[str, int, str, str]]:
    with part.path.open(encoding="utf-8", newline="") as rows:
        for line, reason, text in csv.reader(rows):
            yield part.file, part.lines_before + int(line), reason, text
