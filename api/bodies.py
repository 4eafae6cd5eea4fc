"""The body of a live request, checked field by field."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from api.parameters import PARAMETERS, Listing, refused, shown, unknown
from schemas.errors import InvalidParameterError
from schemas.records import MAX_ANIME_ID, AnimeId, Status

MAX_TITLES: Final = 5_000
MAX_RATING: Final = 10
STATUSES: Final[Mapping[str, Status]] = {
    status.name.lower(): status for status in Status if status is not Status.UNKNOWN
}
RATING_FIELDS: Final = ("anime_id", "rating", "status")


@dataclass(frozen=True, slots=True)
class GivenTitle:
    """A title the caller names; rating 0 and status UNKNOWN where the caller gave none."""

    anime_id: AnimeId
    rating: int = 0
    status: Status = Status.UNKNOWN


@dataclass(frozen=True, slots=True)
class LiveRequest:
    """`titles` holds each anime once."""

    titles: tuple[GivenTitle, ...]
    exclude: tuple[AnimeId, ...]
    listing: Listing


def parse_live(body: bytes, listing_fields: tuple[str, ...]) -> LiveRequest:
    """Read the body of POST /v1/recommendations; absent `ratings` and `exclude` are empty.

    Raises:
        InvalidParameterError: not JSON, or a field that is unknown or refused.
    """
    fields = _object("the body", _parse(body))
    allowed = ("ratings", "exclude", *listing_fields)
    for name in fields:
        if name not in allowed:
            raise unknown("field", name, allowed)
    chosen = {
        name: PARAMETERS[name].from_json(name, fields[name])
        for name in listing_fields
        if name in fields
    }
    return LiveRequest(
        titles=_titles(fields.get("ratings", [])),
        exclude=_excluded(fields.get("exclude", [])),
        listing=Listing(**chosen),  # type: ignore[arg-type]  # as PARAMETERS says
    )


def _parse(body: bytes) -> object:
    try:
        found: object = json.loads(
            body.decode(), object_pairs_hook=_without_duplicates, parse_constant=_no_constant
        )
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
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise InvalidParameterError(f"the body has the field {shown(name)} twice in one object")
        found[name] = value
    return found


def _no_constant(name: str) -> object:
    raise InvalidParameterError(f"the body is not JSON: {name} is not a JSON number")


def _titles(value: object) -> tuple[GivenTitle, ...]:
    rows = _array("ratings", value)
    titles = [_title(f"ratings[{index}]", row) for index, row in enumerate(rows)]
    return tuple({title.anime_id: title for title in titles}.values())


def _title(where: str, value: object) -> GivenTitle:
    fields = _object(where, value)
    for name in fields:
        if name not in RATING_FIELDS:
            raise unknown(f"field in {where}", name, RATING_FIELDS)
    if "anime_id" not in fields:
        raise InvalidParameterError(f"{where}.anime_id is required")
    return GivenTitle(
        AnimeId(_whole(f"{where}.anime_id", fields["anime_id"], MAX_ANIME_ID)),
        _whole(f"{where}.rating", fields["rating"], MAX_RATING) if "rating" in fields else 0,
        _status(f"{where}.status", fields["status"]) if "status" in fields else Status.UNKNOWN,
    )


def _excluded(value: object) -> tuple[AnimeId, ...]:
    rows = _array("exclude", value)
    ids = [_whole(f"exclude[{index}]", row, MAX_ANIME_ID) for index, row in enumerate(rows)]
    return tuple(AnimeId(anime_id) for anime_id in ids)


def _status(name: str, value: object) -> Status:
    if not isinstance(value, str) or value not in STATUSES:
        raise refused(name, f"one of {', '.join(STATUSES)}", value)
    return STATUSES[value]


def _whole(name: str, value: object, highest: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= highest:
        raise refused(name, f"an integer from 1 to {highest}", value)
    return value


def _object(name: str, value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise refused(name, "a JSON object", value)
    return value


def _array(name: str, value: object) -> Sequence[object]:
    if not isinstance(value, list):
        raise refused(name, "an array", value)
    if len(value) > MAX_TITLES:
        raise InvalidParameterError(
            f"{name} must hold at most {MAX_TITLES} titles, got {len(value)}"
        )
    return value
