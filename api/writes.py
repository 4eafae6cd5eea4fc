"""What changes something: ratings, and forgetting. Both need a key."""

import re
from typing import Final

import orjson
from flask import Flask, Response, request
from redis import Redis

from api import bodies, routes
from api.inbox import Inbox, rating_of
from api.incoming import json_body, takes_nothing, user_id_of
from schemas.errors import InvalidParameterError
from schemas.store import forgetting

MOST_BYTES: Final = 4_096
_KEY: Final = re.compile(r"[!-~]{1,200}")


class Writes:
    """The routes, over the Redis of the lists and the one that keeps ratings."""

    def __init__(self, inbox: Inbox, lists: Redis, kept: Redis) -> None:
        self._inbox, self._lists, self._kept = inbox, lists, kept

    def init_app(self, app: Flask) -> None:
        routes.add(app, self.rate, self.forget)

    def rate(self, user_id: str) -> Response:
        takes_nothing()
        sent = bodies.parse_body(json_body(MOST_BYTES), routes.RATED)
        entry = self._inbox.put(rating_of(user_id_of(user_id), sent), _idempotency_key())
        return Response(orjson.dumps({"id": entry}), 202, content_type="application/json")

    def forget(self, user_id: str) -> Response:
        takes_nothing()
        forgetting.forget(self._lists, self._kept, user_id_of(user_id))
        return Response(status=204)


def _idempotency_key() -> str:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return ""
    if not _KEY.fullmatch(key):
        raise InvalidParameterError(
            "Idempotency-Key must be 1 to 200 visible ASCII characters without spaces"
        )
    return key
