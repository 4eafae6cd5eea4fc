"""HTTP in, HTTP out: parse, ask the service, render. No decisions here."""

from flask import Flask, Response, request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.routing import BaseConverter

from api import bodies, pages, queries, render, routes, service
from api.bodies import MAX_BODY
from api.front import ERROR
from api.lookup import SOURCE, Lookup
from api.parameters import PATH
from api.repository import Rankings
from api.routes import JSON, ROUTES
from schemas.errors import InvalidParameterError
from schemas.records import AnimeId, UserId


class Digits(BaseConverter):
    """Decimal ASCII digits and nothing else, as text: its length is still unbounded."""

    regex = "[0-9]+"


class Views:
    """Every route, over one source of rankings."""

    def __init__(self, rankings: Rankings, lookup: Lookup) -> None:
        self._rankings, self._lookup = rankings, lookup

    def init_app(self, app: Flask) -> None:
        app.url_map.converters["digits"] = Digits
        for route in ROUTES:
            serve = getattr(self, route.name, None)
            if serve is not None:  # else another module does
                app.add_url_rule(route.rule, route.name, serve, methods=[route.method.upper()])

    def recommendations(self, user_id: str) -> Response:
        if ERROR in request.environ:
            raise request.environ[ERROR]
        known = request.headers.get("If-None-Match", "")
        reply = self._lookup.answer(user_id_of(user_id), request.query_string, known)
        request.environ[SOURCE] = reply.source
        return Response(reply.body, reply.status, reply.headers)

    def similar_users(self, user_id: str) -> Response:
        user, asked = user_id_of(user_id), queries.parse_query(request.query_string, routes.PAGE)
        return _json(render.people(user, service.similar_users(self._rankings, user, asked.limit)))

    def search(self) -> Response:
        asked = queries.parse_query(request.query_string, routes.SEARCH)
        return _json(render.found(service.search(self._rankings, asked.q, asked.limit)))

    def anime(self, anime_id: str) -> Response:
        _takes_nothing()
        return _json(render.anime(service.anime(self._rankings, _anime_id(anime_id))))

    def similar(self, anime_id: str) -> Response:
        anime = _anime_id(anime_id)
        asked = queries.parse_query(request.query_string, routes.FILTERED)
        return _json(render.similar(anime, service.similar(self._rankings, anime, asked)))

    def live(self) -> Response:
        _takes_nothing()
        asked = bodies.parse_body(_body(), routes.LIVE)
        answer = service.recommend_live(self._rankings, asked)
        request.environ[SOURCE] = answer.source
        return _json(render.live(answer, reasons=bool(asked.reasons)))

    def generation(self) -> Response:
        _takes_nothing()
        manifest, previous = service.describe(self._rankings)
        return _json(render.generation(manifest, previous))

    def healthz(self) -> Response:
        return _json('{"status":"up"}')

    def openapi(self) -> Response:
        return _json(pages.description())

    def docs(self) -> Response:
        return Response(pages.docs(), content_type=routes.HTML)

    def docs_style(self) -> Response:
        return Response(pages.asset("docs.css"), content_type=routes.CSS)

    def docs_script(self) -> Response:
        return Response(pages.asset("docs.js"), content_type=routes.JAVASCRIPT)

    def home(self) -> Response:
        return Response(pages.home(), content_type=routes.HTML)


def _takes_nothing() -> None:
    queries.parse_query(request.query_string, routes.NOTHING)


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
    return UserId(_id("user_id", digits))


def _anime_id(digits: str) -> AnimeId:
    return AnimeId(_id("anime_id", digits))


def _id(name: str, digits: str) -> int:
    lowest, highest = PATH[name]["minimum"], PATH[name]["maximum"]
    significant = digits.lstrip("0") or "0"
    value = int(significant) if len(significant) <= len(str(highest)) else highest + 1
    if not lowest <= value <= highest:
        raise InvalidParameterError(f"{name} must be an integer from {lowest} to {highest}")
    return value


def _json(body: str | bytes) -> Response:
    return Response(body, content_type=JSON)
