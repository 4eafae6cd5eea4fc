"""What a page of the dashboard shows, all of it in its address: read from forms, written as links.

A form sends blanks for what nobody touched, and a name once for each box that is ticked. A known
title is an anime id; behind a colon a rating from 1 to 10, and a letter for a status.
"""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any, Final, Literal, TypeVar
from urllib.parse import parse_qsl, urlencode

from pydantic import Field

from api.bodies import MAX_TITLES, GivenTitle, LiveRequest, StatusName
from api.checking import Declared, refused
from api.parameters import MAX_TEXT, AsWhole, Filtered, Nothing
from api.queries import MAX_QUERY
from schemas.errors import InvalidParameterError
from schemas.records import MAX_ANIME_ID, MAX_USER_ID, AnimeId

MAX_CARDS: Final = 48
CARDS: Final = 24
NOT_FOR_ME: Final = "x"
STATUS_OF: Final[dict[str, StatusName]] = {
    "c": "completed",
    "w": "watching",
    "h": "on_hold",
    NOT_FOR_ME: "dropped",
    "p": "planned",
}
LETTER_OF: Final = {status: letter for letter, status in STATUS_OF.items()}
_MARK: Final = re.compile(r"([1-9][0-9]{0,9})(?::(?=.)(10|[1-9])?([cwhxp])?)?")
_RULE: Final = "an anime id, which a rating may follow, such as 5114, 5114:9 or 5114:x"

Record = TypeVar("Record")
Mark = Annotated[str, Field(min_length=1, max_length=14)]
Button = Annotated[str, Field(min_length=0, max_length=14)]
Cards = Annotated[
    int, Field(strict=True, ge=1, le=MAX_CARDS, description="How many titles at most."), AsWhole
]


@dataclass(frozen=True, slots=True)
class Look(Filtered):
    """Which titles a page shows, and how."""

    limit: Cards = CARDS
    titles: Annotated[
        Literal["english", "romaji"], Field(description="Which names titles go by.")
    ] = "english"
    view: Annotated[Literal["grid", "list"], Field(description="How titles are laid out.")] = "grid"


@dataclass(frozen=True, slots=True)
class Picks(Look):
    """A page for somebody who names some titles."""

    likes: Annotated[
        tuple[Mark, ...],
        Field(
            max_length=MAX_TITLES,
            description="Titles that somebody knows: 5114 is liked, 5114:9 rated, 5114:x not for "
            "them.",
        ),
    ] = ()
    add: Annotated[Button, Field(description="One more, as a button sends it.")] = ""
    remove: Annotated[Button, Field(description="One less, as a button sends it.")] = ""
    q: Annotated[
        str,
        Field(
            min_length=0,
            max_length=MAX_TEXT,
            description="Part of a title, where no script looks it up.",
        ),
    ] = ""


@dataclass(frozen=True, slots=True)
class OfUser(Look):
    """A page for a user by number."""

    user_id: Annotated[
        int,
        Field(strict=True, ge=-1, le=MAX_USER_ID, description="The user; -1 asks for a number."),
        AsWhole,
    ] = -1
    rated: Annotated[
        int,
        Field(strict=True, ge=0, le=MAX_ANIME_ID, description="What was rated just now."),
        AsWhole,
    ] = 0


@dataclass(frozen=True, slots=True)
class OneTitle(Nothing):
    """A page about a title."""

    titles: Annotated[
        Literal["english", "romaji"], Field(description="Which names titles go by.")
    ] = "english"


PICKS: Final = Declared(Picks)
OF_USER: Final = Declared(OfUser)
ONE_TITLE: Final = Declared(OneTitle)


def parse_form(sent: bytes, declared: Declared[Record], most: int = MAX_QUERY) -> Record:
    """Read what a form sent.

    Raises:
        InvalidParameterError: something in it is unknown, refused or too long.
    """
    if len(sent) > most:
        raise InvalidParameterError(f"what the form sends must be at most {most} bytes long")
    return from_pairs(parse_qsl(sent.decode(errors="replace")), declared)


def from_pairs(pairs: Iterable[tuple[str, str]], declared: Declared[Record]) -> Record:
    """Read fields by their names; blank ones count as not sent.

    Raises:
        InvalidParameterError: something in them is unknown or refused.
    """
    texts: dict[str, str] = {}
    for name, text in pairs:
        if text.strip():
            texts[name] = f"{texts[name]},{text}" if name in texts else text
    found = {name: declared.from_text(name, text) for name, text in texts.items()}
    years = found.get("year_min"), found.get("year_max")
    if isinstance(years[0], int) and isinstance(years[1], int) and years[0] > years[1]:
        found |= {"year_min": years[1], "year_max": years[0]}  # as it was meant, surely
    return declared.read(found, "field", texts)


def settled(picks: Picks) -> Picks:
    """The same once its buttons have done what they do: each title once, the later mark counts.

    Raises:
        InvalidParameterError: a title is not written as one.
    """
    marks = {_id(mark): mark for mark in picks.likes}
    if picks.add:
        marks[_id(picks.add)] = picks.add
    if picks.remove:
        marks.pop(_id(picks.remove), None)
    parts = {one.name: getattr(picks, one.name) for one in fields(picks)}
    return Picks(**parts | {"likes": tuple(marks.values()), "add": "", "remove": ""})


def request_of(picks: Picks) -> LiveRequest:
    """What the API is asked for such a page."""
    shared = {one.name: getattr(picks, one.name) for one in fields(Filtered)}
    return LiveRequest(**shared, ratings=tuple(map(given, picks.likes)))


def given(mark: str) -> GivenTitle:
    """A known title as the API takes it.

    Raises:
        InvalidParameterError: it is not written as one.
    """
    anime_id, rating, letter = _parts(mark)
    title = GivenTitle(anime_id=AnimeId(anime_id))
    if rating:
        title["rating"] = int(rating)
    if letter:
        title["status"] = STATUS_OF[letter]
    return title


def mark_of(title: GivenTitle) -> str:
    """The inverse of `given`."""
    rating, status = title.get("rating", ""), title.get("status")
    behind = f"{rating}{LETTER_OF[status] if status else ''}"
    return f"{title['anime_id']}:{behind}" if behind else str(title["anime_id"])


def address(path: str, state: Look | OneTitle, **changes: Any) -> str:
    """A link that shows the same again; what is as always is not said."""
    kind = type(state)
    parts = {one.name: getattr(state, one.name) for one in fields(state)} | changes
    usual = asdict(kind())
    said = {name: _text(value) for name, value in parts.items() if value != usual[name]}
    return f"{path}?{urlencode(said, safe=',:')}" if said else path


def active(state: Filtered) -> int:
    """How many filters are set."""
    usual = asdict(Filtered())
    names = ("genres", "exclude_genres", "types", "year_min", "year_max", "franchise", "adult")
    return sum(getattr(state, name) != usual[name] for name in names)


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _id(mark: str) -> int:
    return _parts(mark)[0]


def _parts(mark: str) -> tuple[int, str | None, str | None]:
    found = _MARK.fullmatch(mark)
    if found is None or int(found[1]) > MAX_ANIME_ID:
        raise InvalidParameterError(refused("each of likes", _RULE, mark))
    return int(found[1]), found[2], found[3]
