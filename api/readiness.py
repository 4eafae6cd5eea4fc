"""Ready means warm: the pointer, the catalogue and a few lists were read by this very worker."""

from collections.abc import Callable, Iterable
from threading import Lock
from typing import Final

from flask import Flask, Response
from redis import Redis, RedisError
from werkzeug.exceptions import ServiceUnavailable

from api import routes, service
from api.incoming import takes_nothing
from api.lookup import Lookup
from api.repository import Rankings
from schemas import keys
from schemas.errors import RecommenderError
from schemas.records import Generation, UserId

LOOKUPS: Final = 50


class Readiness:
    """Warms up once; until then `/readyz` tries again and says why not."""

    def __init__(
        self,
        rankings: Rankings,
        lookup: Lookup,
        users: Callable[[Generation], Iterable[UserId]] = lambda _: (),
        is_leaving: Callable[[], bool] = lambda: False,
    ) -> None:
        self._rankings, self._lookup, self._users = rankings, lookup, users
        self._warm, self._warming = False, Lock()
        self._is_leaving = is_leaving

    def init_app(self, app: Flask) -> None:
        routes.add(app, self.readyz)

    def try_now(self) -> None:
        """Warm up; if something is missing, the first to ask whether we are ready tries again."""
        try:
            self._warm_up()
        except (RecommenderError, RedisError):
            return

    def readyz(self) -> Response:
        takes_nothing()
        if self._is_leaving():
            raise ServiceUnavailable("This server is about to stop.")
        self._warm_up()
        generation = service.current(self._rankings).generation
        body = f'{{"status":"ready","generation":"{generation}"}}'
        return Response(body, content_type="application/json")

    def _warm_up(self) -> None:
        with self._warming:
            if not self._warm:
                generation = service.current(self._rankings).generation
                for user_id in self._users(generation):
                    self._lookup.answer(user_id, b"", "")
                self._warm = True


def some_users(client: Redis) -> Callable[[Generation], Iterable[UserId]]:
    """A few users of a generation, as far as one look finds any."""

    def find(generation: Generation) -> list[UserId]:
        prefix = keys.prefix(generation, "u")
        found: list[UserId] = []
        for key in client.scan_iter(match=f"{prefix}*", count=1000):
            found.append(UserId(int(key[len(prefix) :])))
            if len(found) == LOOKUPS:
                break
        return found

    return find
