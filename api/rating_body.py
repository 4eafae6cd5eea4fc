"""The body of a rating."""

from typing import Final

import orjson

from api.bodies import MAX_RATING, RATING_FIELDS, STATUSES
from api.parameters import refused, unknown
from schemas.errors import InvalidParameterError
from schemas.ratings import Rating
from schemas.records import MAX_ANIME_ID, AnimeId, Status, UserId

MOST_BYTES: Final = 4_096


def parse_rating(user_id: UserId, body: bytes) -> Rating:
    """Read {"anime_id": 1, "rating": 9, "status": "completed"}, of which one may be left out.

    Raises:
        InvalidParameterError: not JSON, or a field that is missing, unknown or refused.
    """
    fields = _object(body)
    for name in fields:
        if name not in RATING_FIELDS:
            raise unknown("field", name, RATING_FIELDS)
    if "anime_id" not in fields:
        raise InvalidParameterError("anime_id is required")
    if "rating" not in fields and "status" not in fields:
        raise InvalidParameterError("a rating, a status, or both are required")
    anime_id = _whole("anime_id", fields["anime_id"], MAX_ANIME_ID)
    rating = _whole("rating", fields["rating"], MAX_RATING) if "rating" in fields else 0
    status = _status(fields["status"]) if "status" in fields else Status.UNKNOWN
    return Rating(user_id, AnimeId(anime_id), rating, status)


def _object(body: bytes) -> dict[str, object]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidParameterError(f"the body is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise refused("the body", "a JSON object", found)
    return found


def _whole(name: str, value: object, highest: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= highest:
        raise refused(name, f"an integer from 1 to {highest}", value)
    return value


def _status(value: object) -> Status:
    if not isinstance(value, str) or value not in STATUSES:
        raise refused("status", f"one of {', '.join(STATUSES)}", value)
    return STATUSES[value]
