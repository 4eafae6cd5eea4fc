"""The bodies that callers send: what is allowed in them, and reading them."""

import json
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Final, Literal, NotRequired, TypeVar, get_args

import orjson
from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from api.checking import Declared, refused, shown
from api.parameters import AsWhole, Filtered, Listing
from api.queries import require_years
from schemas.errors import InvalidParameterError
from schemas.records import MAX_ANIME_ID, AnimeId, Status

MAX_BODY: Final = 1024 * 1024
MAX_TITLES: Final = 5_000
StatusName = Literal["watching", "completed", "on_hold", "dropped", "planned"]
STATUSES: Final = {name: Status[name.upper()] for name in get_args(StatusName)}

Id = Annotated[AnimeId, Field(strict=True, ge=1, le=MAX_ANIME_ID), AsWhole]
Rating = Annotated[int, Field(strict=True, ge=1, le=10), AsWhole]
Body = TypeVar("Body")


@with_config(ConfigDict(extra="forbid"))
class GivenTitle(TypedDict):
    """A title that somebody knows: liked, where neither a rating nor a status is given."""

    anime_id: Id
    rating: NotRequired[Rating]
    status: NotRequired[StatusName]


@with_config(
    ConfigDict(
        extra="forbid",
        json_schema_extra={"anyOf": [{"required": ["rating"]}, {"required": ["status"]}]},
    )
)
class SentRating(GivenTitle):
    """What a user thinks of a title, or did with it: a rating, a status, or both."""


@dataclass(frozen=True, slots=True)
class LiveRequest(Listing):
    """For whom a list is made now. Of a title that is given twice, the later counts."""

    ratings: Annotated[
        tuple[GivenTitle, ...],
        Field(max_length=MAX_TITLES, description="Titles that somebody knows."),
    ] = ()
    exclude: Annotated[
        tuple[Id, ...], Field(max_length=MAX_TITLES, description="Titles not to be recommended.")
    ] = ()


def parse_body(body: bytes, declared: Declared[Body]) -> Body:
    """Read a JSON object.

    Raises:
        InvalidParameterError: not JSON, or something in it is unknown or refused.
    """
    with suppress(orjson.JSONDecodeError, InvalidParameterError):  # said better below
        quick: object = orjson.loads(body)
        # A colon stands behind each name, and else only in texts: as many as names, none is twice.
        if _names(quick) == body.count(b":"):
            return _record(quick, declared)
    return _record(_parse_strictly(body), declared)


def _record(found: object, declared: Declared[Body]) -> Body:
    if not isinstance(found, dict):
        raise InvalidParameterError(refused("the body", "a JSON object", found))
    record = declared.read(found, "field")
    if isinstance(record, Filtered):
        require_years(record)
    return record


def _names(found: object) -> int:
    """How many names the objects have that a body of ours consists of."""
    if isinstance(found, list):
        return sum([len(one) for one in found if isinstance(one, dict)])
    if isinstance(found, dict):
        lists = [one for one in found.values() if isinstance(one, list)]
        return len(found) + sum(map(_names, lists))
    return 0


def _parse_strictly(body: bytes) -> object:
    """As JSON is defined, and no name twice in one object, where some would take the last one."""
    try:
        found: object = _JSON.decode(body.decode())
    except RecursionError:
        raise InvalidParameterError("the body is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise InvalidParameterError(f"the body is not JSON: {error}") from error
    except UnicodeDecodeError as error:
        raise InvalidParameterError("the body is not UTF-8") from error
    except ValueError as error:  # what int() says of a number of thousands of digits
        raise InvalidParameterError("the body holds a number that is too long") from error
    return found


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    counts = Counter(name for name, _ in pairs)
    twice = next(name for name, count in counts.items() if count > 1)
    raise InvalidParameterError(f"the body has the field {shown(twice)} twice in one object")


def _no_constant(name: str) -> object:
    raise InvalidParameterError(f"the body is not JSON: {name} is not a JSON number")


_JSON: Final = json.JSONDecoder(
    object_pairs_hook=_without_duplicates, parse_constant=_no_constant
)  # made once: that takes longer than most bodies
