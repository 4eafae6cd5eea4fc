"""What changes something: ratings, and forgetting. Both need a key."""

import re
from typing import Final

import orjson
from flask import Flask, Response, request
from redis import Redis

from api import bodies, routes, service
from api.bodies import STATUSES
from api.incoming import json_body, takes_nothing, user_id_of
from api.repository import Rankings
from api.service import UnknownAnimeError
from schemas.errors import InvalidParameterError, RecommenderError
from schemas.ratings import Rating
from schemas.records import AnimeId, Status, UserId
from schemas.store import forgetting, ratings

MOST_BYTES: Final = 4_096
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
    ) -> None:
        self._rankings, self._lists, self._kept = rankings, lists, kept
        self._backlog = backlog

    def init_app(self, app: Flask) -> None:
        routes.add(app, self.rate, self.forget)

    def rate(self, user_id: str) -> Response:
        takes_nothing()
        rating = _rating(user_id_of(user_id), json_body(MOST_BYTES))
        if rating.anime_id not in service.current(self._rankings).catalogue.column_of:
            raise UnknownAnimeError(f"anime {rating.anime_id} is not in the catalogue")
        receipt = ratings.append(self._kept, rating, self._backlog, _idempotency_key())
        if receipt.outcome == "conflict":
            raise ConflictError("this Idempotency-Key was sent before, with another rating")
        if receipt.outcome == "full":
            raise BacklogFullError("too many ratings wait to be learned from; try again later")
        return Response(orjson.dumps({"id": receipt.entry}), 202, content_type="application/json")

    def forget(self, user_id: str) -> Response:
        takes_nothing()
        forgetting.forget(self._lists, self._kept, user_id_of(user_id))
        return Response(status=204)


def _rating(user_id: UserId, body: bytes) -> Rating:
    sent = bodies.parse_body(body, routes.RATED)
    if "rating" not in sent and "status" not in sent:
        raise InvalidParameterError("a rating, a status, or both are required")
    status = STATUSES[sent["status"]] if "status" in sent else Status.UNKNOWN
    return Rating(user_id, AnimeId(sent["anime_id"]), sent.get("rating", 0), status)


def _idempotency_key() -> str:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return ""
    if not _KEY.fullmatch(key):
        raise InvalidParameterError(
            "Idempotency-Key must be 1 to 200 visible ASCII characters without spaces"
        )
    return key
