"""What callers may send, declared once: these records validate requests and describe them.

Field order is the order in which messages and the description list parameters. A default is what
an absent parameter means.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from schemas.records import MAX_ANIME_ID, MAX_USER_ID

MAX_LIMIT: Final = 100
MAX_NAMES: Final = 100
MAX_NAME: Final = 100
MAX_TEXT: Final = 100
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2100
EVERY_YEAR: Final = (FIRST_YEAR, LAST_YEAR)
"""The defaults: titles without a year, too."""

PATH: Final[Mapping[str, Mapping[str, Any]]] = {
    "user_id": {"type": "integer", "minimum": 0, "maximum": MAX_USER_ID},
    "anime_id": {"type": "integer", "minimum": 1, "maximum": MAX_ANIME_ID},
}
"""Ids in paths, as JSON Schema."""


def _whole(value: object) -> object:
    """JSON has one kind of number: 2.0 is an integer there."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


AsWhole: Final = BeforeValidator(_whole)
Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
Names = Annotated[tuple[Name, ...], Field(max_length=MAX_NAMES)]
Flag = Annotated[int, Field(strict=True, ge=0, le=1), AsWhole]
Year = Annotated[int, Field(strict=True, ge=FIRST_YEAR, le=LAST_YEAR), AsWhole]
Limit = Annotated[
    int, Field(strict=True, ge=1, le=MAX_LIMIT, description="How many items at most."), AsWhole
]


@dataclass(frozen=True, slots=True)
class Nothing:
    """No parameters at all."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Page(Nothing):
    """How many items are asked for."""

    limit: Limit = 10


@dataclass(frozen=True, slots=True)
class Search(Nothing):
    """Which titles are looked for."""

    q: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_TEXT,
            pattern=r"\S",
            description="Part of a title: romaji, English, Japanese or a synonym. Case, accents, "
            "punctuation and small mistakes do not matter.",
        ),
    ]
    limit: Limit = 10


@dataclass(frozen=True, slots=True)
class Filtered(Page):
    """Which titles of a list are wanted."""

    genres: Annotated[Names, Field(description="Only titles with any of these genres.")] = ()
    exclude_genres: Annotated[Names, Field(description="No title with any of these genres.")] = ()
    types: Annotated[Names, Field(description="Only titles of these types.")] = ()
    year_min: Annotated[
        Year, Field(description="Only titles that began in this year or later.")
    ] = FIRST_YEAR
    year_max: Annotated[
        Year, Field(description="Only titles that began in this year or earlier.")
    ] = LAST_YEAR
    franchise: Annotated[
        Literal["one", "all"],
        Field(
            description="one: one title per franchise, the right one first; no sequel of what "
            "they have not begun, nothing of what they dropped; and genres take turns. "
            "So a narrow filter may leave less than what was asked for. "
            "all: the pure ranking, without any product rule, as similar titles always are."
        ),
    ] = "one"
    adult: Annotated[Flag, Field(description="1: adult titles too.")] = 0
    niche: Annotated[
        float,
        Field(strict=True, ge=0, le=1, description="How far to lean from popular to rare titles."),
    ] = 0.0


@dataclass(frozen=True, slots=True)
class Listing(Filtered):
    """How a list for somebody is wanted."""

    reasons: Annotated[
        Flag, Field(description="1: each item names the titles that speak most for it.")
    ] = 1
