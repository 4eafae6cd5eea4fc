"""Reads query strings into the records that parameters.py declares."""

from functools import lru_cache
from typing import Final, TypeVar
from urllib.parse import parse_qsl

from api.checking import Declared, refusal
from api.parameters import EVERY_YEAR, Filtered
from schemas.errors import InvalidParameterError

MAX_QUERY: Final = 4_096
KIND: Final = "query parameter"

Record = TypeVar("Record")


@lru_cache(maxsize=1024)
def parse_query(query: bytes, declared: Declared[Record]) -> Record:
    """Read a raw query string.

    Raises:
        InvalidParameterError: something in it is unknown, repeated, refused or too long.
    """
    if len(query) > MAX_QUERY:
        raise InvalidParameterError(f"the query string must be at most {MAX_QUERY} bytes long")
    sent: dict[str, str] = {}
    problems: list[str] = []
    for name, text in parse_qsl(query.decode(errors="replace"), keep_blank_values=True):
        if name in sent:
            problems.append(f"{name} must be given once")
        sent[name] = text
    found = {name: declared.from_text(name, text) for name, text in sent.items()}
    record = declared.read(found, KIND, sent, list(dict.fromkeys(problems)))
    if isinstance(record, Filtered):
        require_years(record)
    return record


def require_years(listing: Filtered) -> None:
    """Refuse years that nothing can be between.

    Raises:
        InvalidParameterError: the first year is above the last one.
    """
    if listing.year_min > listing.year_max:
        years = f"got {listing.year_min} and {listing.year_max}"
        raise refusal([f"year_min must not be above year_max, {years}"])


def is_everything(listing: Filtered) -> bool:
    """Whether neither genres nor types nor years are asked for."""
    years = (listing.year_min, listing.year_max) == EVERY_YEAR
    return years and not (listing.genres or listing.exclude_genres or listing.types)
