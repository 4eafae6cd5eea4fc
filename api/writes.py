"""What changes something: ratings, and forgetting. Both need a key."""

import re
from collections.abc import Callable
from typing import Final

import orjson
from flask import Flask, Response, request
from redis import Redis
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from api import service
from api.rating_body import MOST_BYTES, parse_rating
from api.repository import Rankings
from api.service import UnknownAnimeError
from schemas.errors import InvalidParameterError, RecommenderError
from schemas.records import UserId
from store import forgetting, ratings

_KEY: Final = re.compile(r"[!-~]{1,200}")


class ConflictError(RecommenderError):
    """An idempotency key was used before, for something else."""


class BacklogFullError(RecommenderError):
    """As many ratings as allowed wait for the nightly refresh."""


class Writes:
    """The routes, over the Redis of the lists and the one that keeps ratings."""

    def __init__(
        self,
        rankings: Rankings,
        lists: Redis,
        kept: Redis,
        backlog: int,
        user_of: Callable[[str], UserId],
    ) -> None:
        self._rankings, self._lists, self._kept = rankings, lists, kept
        self._backlog, self._user_of = backlog, user_of

    def init_app(self, app: Flask) -> None:
        app.post("/v1/users/<digits:user_id>/ratings")(self.rate)
        app.delete("/v1/users/<digits:user_id>")(self.forget)

    def rate(self, user_id: str) -> Response:
        _refuse_query()
        rating = parse_rating(self._user_of(user_id), _body())
        if rating.anime_id not in service.current(self._rankings).catalogue.column_of:
            raise UnknownAnimeError(f"anime {rating.anime_id} is not in the catalogue")
        receipt = ratings.append(self._kept, rating, self._backlog, _idempotency_key())
        if receipt.outcome == "conflict":
            raise ConflictError("this Idempotency-Key was sent before, with another rating")
        if receipt.outcome == "full":
            raise BacklogFullError("too many ratings wait to be learned from; try again later")
        return Response(orjson.dumps({"id": receipt.entry}), 202, content_type="application/json")

    def forget(self, user_id: str) -> Response:
        _refuse_query()
        forgetting.forget(self._lists, self._kept, self._user_of(user_id))
        return Response(status=204)


def _refuse_query() -> None:
    if request.query_string:
        raise InvalidParameterError("no query parameter is allowed here")


def _idempotency_key() -> str:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return ""
    if not _KEY.fullmatch(key):
        raise InvalidParameterError(
            "Idempotency-Key must be 1 to 200 visible ASCII characters without spaces"
        )
    return key


def _body() -> bytes:
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("The body must be application/json.")
    if (request.content_length or 0) > MOST_BYTES:
        raise RequestEntityTooLarge(f"The body must be at most {MOST_BYTES} bytes long.")
    body = request.get_data(cache=False)
    if len(body) > MOST_BYTES:
        raise RequestEntityTooLarge(f"The body must be at most {MOST_BYTES} bytes long.")
    return body
