"""HTTP in, HTTP out: parse, ask the service, render. No decisions here."""

from typing import Final

from flask import Flask, Response, request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.routing import BaseConverter

from api import bodies, pages, render, service
from api.front import ERROR
from api.lookup import FILTERS, SOURCE, Lookup
from api.parameters import Listing, parse_query
from api.repository import Rankings
from schemas.errors import InvalidParameterError
from schemas.records import MAX_ANIME_ID, MAX_USER_ID, AnimeId, UserId

JSON: Final = "application/json"
MAX_BODY: Final = 1024 * 1024

# The parameters each route accepts; parameters.PARAMETERS says what each may be.
OF_SIMILAR: Final = ("limit", *FILTERS)
OF_PEOPLE: Final = ("limit",)
OF_LIVE: Final = ("limit", "reasons", *FILTERS)


class Digits(BaseConverter):
    """Decimal ASCII digits and nothing else, as text: its length is still unbounded."""

    regex = "[0-9]+"


class Views:
    """Every route, over one source of rankings."""

    def __init__(self, rankings: Rankings, lookup: Lookup) -> None:
        self._rankings, self._lookup = rankings, lookup

    def init_app(self, app: Flask) -> None:
        app.url_map.converters["digits"] = Digits
        app.get("/v1/users/<digits:user_id>/recommendations")(self.recommendations)
        app.get("/v1/users/<digits:user_id>/similar")(self.similar_users)
        app.get("/v1/anime/<digits:anime_id>")(self.anime)
        app.get("/v1/anime/<digits:anime_id>/similar")(self.similar)
        app.post("/v1/recommendations")(self.live)
        app.get("/v1/generation")(self.generation)
        app.get("/healthz")(self.healthz)
        app.get("/")(self.home)

    def recommendations(self, user_id: str) -> Response:
        if ERROR in request.environ:
            raise request.environ[ERROR]
        matches = request.headers.get("If-None-Match", "")
        reply = self._lookup.answer(user_id_of(user_id), request.query_string, matches)
        request.environ[SOURCE] = reply.source
        return Response(reply.body, reply.status, reply.headers)

    def similar_users(self, user_id: str) -> Response:
        user, asked = user_id_of(user_id), _listing(OF_PEOPLE)
        return _json(render.people(user, service.similar_users(self._rankings, user, asked.limit)))

    def anime(self, anime_id: str) -> Response:
        _listing(())
        return _json(render.anime(service.anime(self._rankings, _anime_id(anime_id))))

    def similar(self, anime_id: str) -> Response:
        anime, asked = _anime_id(anime_id), _listing(OF_SIMILAR)
        return _json(render.similar(anime, service.similar(self._rankings, anime, asked)))

    def live(self) -> Response:
        _listing(())
        asked = bodies.parse_live(_body(), OF_LIVE)
        answer = service.recommend_live(self._rankings, asked)
        request.environ[SOURCE] = answer.source
        return _json(render.live(answer, reasons=bool(asked.listing.reasons)))

    def generation(self) -> Response:
        _listing(())
        manifest, previous = service.describe(self._rankings)
        return _json(render.generation(manifest, previous))

    def healthz(self) -> Response:
        return _json('{"status":"up"}')

    def home(self) -> Response:
        return Response(pages.HOME, content_type="text/html; charset=utf-8")


def _listing(allowed: tuple[str, ...]) -> Listing:
    return parse_query(request.query_string, allowed)


def _body() -> bytes:
    if request.mimetype != JSON:
        raise UnsupportedMediaType(f"The body must be {JSON}.")
    body = request.get_data(cache=False)
    if len(body) > MAX_BODY:
        raise RequestEntityTooLarge(f"The body must be at most {MAX_BODY} bytes long.")
    return body


def user_id_of(digits: str) -> UserId:
    """The user that a path names.

    Raises:
        InvalidParameterError: there can be none of that number.
    """
    return UserId(_id("user_id", digits, 0, MAX_USER_ID))


def _anime_id(digits: str) -> AnimeId:
    return AnimeId(_id("anime_id", digits, 1, MAX_ANIME_ID))


def _id(name: str, digits: str, lowest: int, highest: int) -> int:
    significant = digits.lstrip("0") or "0"
    value = int(significant) if len(significant) <= len(str(highest)) else highest + 1
    if not lowest <= value <= highest:
        raise InvalidParameterError(f"{name} must be an integer from {lowest} to {highest}")
    return value


def _json(body: str | bytes) -> Response:
    return Response(body, content_type=JSON)
