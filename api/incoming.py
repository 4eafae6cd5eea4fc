"""What a request brings beside its parameters: ids in its path, a body of JSON."""

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from api import queries, routes
from api.parameters import PATH
from api.routes import JSON
from schemas.errors import InvalidParameterError
from schemas.records import AnimeId, UserId


def takes_nothing() -> None:
    """Refuse any parameter.

    Raises:
        InvalidParameterError: there is one.
    """
    queries.parse_query(request.query_string, routes.NOTHING)


def json_body(most: int) -> bytes:
    """The body, of at most so many bytes; a longer one is not read to its end.

    Raises:
        UnsupportedMediaType, RequestEntityTooLarge: it is not to be read.
    """
    if request.mimetype != JSON:
        raise UnsupportedMediaType(f"The body must be {JSON}.")
    if (request.content_length or 0) > most:
        raise RequestEntityTooLarge(f"The body must be at most {most} bytes long.")
    body = request.get_data(cache=False)
    if len(body) > most:
        raise RequestEntityTooLarge(f"The body must be at most {most} bytes long.")
    return body


def user_id_of(digits: str) -> UserId:
    """The user that a path names.

    Raises:
        InvalidParameterError: there can be none of that number.
    """
    return UserId(_id("user_id", digits))


def anime_id_of(digits: str) -> AnimeId:
    """The anime that a path names.

    Raises:
        InvalidParameterError: there can be none of that number.
    """
    return AnimeId(_id("anime_id", digits))


def _id(name: str, digits: str) -> int:
    lowest, highest = PATH[name]["minimum"], PATH[name]["maximum"]
    significant = digits.lstrip("0") or "0"
    value = int(significant) if len(significant) <= len(str(highest)) else highest + 1
    if not lowest <= value <= highest:
        raise InvalidParameterError(f"{name} must be an integer from {lowest} to {highest}")
    return value
