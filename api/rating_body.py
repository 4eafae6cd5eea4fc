"""The body of a rating."""

from typing import Final

from api.bodies import STATUSES, parse_body
from api.routes import RATING
from schemas.errors import InvalidParameterError
from schemas.ratings import Rating
from schemas.records import AnimeId, Status, UserId

MOST_BYTES: Final = 4_096


def parse_rating(user_id: UserId, body: bytes) -> Rating:
    """Read {"anime_id": 1, "rating": 9, "status": "completed"}, of which one may be left out.

    Raises:
        InvalidParameterError: not JSON, or a field that is missing, unknown or refused.
    """
    sent = parse_body(body, RATING)
    if "rating" not in sent and "status" not in sent:
        raise InvalidParameterError("a rating, a status, or both are required")
    status = STATUSES[sent["status"]] if "status" in sent else Status.UNKNOWN
    return Rating(user_id, AnimeId(sent["anime_id"]), sent.get("rating", 0), status)
