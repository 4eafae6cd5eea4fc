"""The careful way through a block of CSV: keeps plain lines, explains the others one by one."""

import csv
import re
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from batch.ingest.numbers import RowShape
from batch.ingest.rejects import Reason
from schemas.records import MAX_ANIME_ID, MAX_USER_ID

MAX_LINE: Final = 64 * 1024
"""A longer line that is not plain is unusable: it is not taken apart in Python."""

Values = tuple[int, int, float, float]
"""User, anime, rating, status; an id beyond its range is -1, a missing status 0."""

_INTEGER: Final = re.compile(r"-?[0-9]+")
_DECIMAL: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_MAX_DIGITS: Final = 4000
_PLAIN_INTEGER: Final = r'(?:[ \t]*-?[0-9]{1,18}[ \t]*|"-?[0-9]{1,18}")'
_PLAIN_DECIMAL: Final = r'(?:[ \t]*-?[0-9]{1,9}(?:\.[0-9]{1,9})?[ \t]*|"-?[0-9]{1,9}")'
_PLAIN_TEXT: Final = r"[\t !#-+\--~]*"


def plain_lines(lines: pa.BinaryArray, shape: RowShape) -> pa.BooleanArray:
    """Mark lines that the fast reader certainly understands; `lines` keep their line ends."""
    return pc.match_substring_regex(lines, _plain_pattern(shape))


def empty_lines(lines: pa.BinaryArray) -> pa.BooleanArray:
    return pc.match_substring_regex(lines, r"\A[ \t]*\r?\n\z")


def _plain_pattern(shape: RowShape) -> str:
    user, anime, *_ = shape.used
    kinds = [_PLAIN_TEXT] * len(shape.columns)
    for position in shape.used:
        kinds[position] = _PLAIN_INTEGER if position in (user, anime) else _PLAIN_DECIMAL
    return rf"\A{','.join(kinds)}\r?\n\z"


def explain(line: bytes, shape: RowShape) -> Values | Reason:
    """Read one line, or say what is wrong with its form."""
    if len(line) > MAX_LINE:
        return _explain_count(line.count(b",") + 1, shape) or Reason.BAD_NUMBER
    try:
        text = line.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        return Reason.BROKEN_UTF8
    # A carriage return would end the line for csv, and is as wrong as a NUL.
    text = text.replace("\r", "\0")
    fields = next(csv.reader([text], skipinitialspace=True), [])
    return _explain_count(len(fields), shape) or _values(text, fields, shape)


def _explain_count(fields: int, shape: RowShape) -> Reason | None:
    if fields == len(shape.columns):
        return None
    return Reason.TOO_FEW_FIELDS if fields < len(shape.columns) else Reason.TOO_MANY_FIELDS


def _values(text: str, fields: list[str], shape: RowShape) -> Values | Reason:
    user, anime, *others = (fields[position].strip(" \t") for position in shape.used)
    integers = all(_INTEGER.fullmatch(field) for field in (user, anime))
    decimals = all(_DECIMAL.fullmatch(field) for field in others)
    if "\0" in text or not integers or not decimals:
        return Reason.BAD_NUMBER
    rating, status = (*map(float, others), 0.0)[:2]
    return _within(user, MAX_USER_ID), _within(anime, MAX_ANIME_ID), rating, status


def _within(digits: str, maximum: int) -> int:
    # int() refuses very long numbers, and all of them are out of range.
    value = int(digits) if len(digits) <= _MAX_DIGITS else -1
    return value if 0 <= value <= maximum else -1
