"""HTTP in, HTTP out: parse, ask the service, render. No decisions here."""

from flask import Flask, Response, request

from api import incoming, insights, pages, queries, render, routes, service
from api.bodies import MAX_BODY
from api.incoming import anime_id_of, takes_nothing, user_id_of
from api.lookup import SOURCE, Lookup, Reply
from api.repository import Rankings
from api.routes import JSON


class Views:
    """Every route, over one source of rankings."""

    def __init__(self, rankings: Rankings, lookup: Lookup) -> None:
        self._rankings, self._lookup = rankings, lookup

    def init_app(self, app: Flask) -> None:
        routes.add(
            app,
            self.recommendations, self.similar_users, self.search, self.anime, self.similar,
            self.live, self.generation, self.insights, self.healthz, self.openapi, self.docs,
            self.docs_style, self.docs_script,
        )  # fmt: skip

    def recommendations(self, user_id: str) -> Response:
        matches = request.headers.get("If-None-Match", "")
        return _as_response(self._lookup.answer(user_id_of(user_id), request.query_string, matches))

    def similar_users(self, user_id: str) -> Response:
        user = user_id_of(user_id)
        asked = queries.parse_query(request.query_string, routes.PAGE)
        return _json(render.people(user, service.similar_users(self._rankings, user, asked.limit)))

    def search(self) -> Response:
        asked = queries.parse_query(request.query_string, routes.SEARCH)
        return _json(render.found(service.search(self._rankings, asked.q, asked.limit)))

    def anime(self, anime_id: str) -> Response:
        takes_nothing()
        return _json(render.anime(service.anime(self._rankings, anime_id_of(anime_id))))

    def similar(self, anime_id: str) -> Response:
        anime = anime_id_of(anime_id)
        asked = queries.parse_query(request.query_string, routes.FILTERED)
        return _json(render.similar(anime, service.similar(self._rankings, anime, asked)))

    def live(self) -> Response:
        takes_nothing()
        return _as_response(self._lookup.live(incoming.json_body(MAX_BODY)))

    def generation(self) -> Response:
        takes_nothing()
        manifest, previous = service.describe(self._rankings)
        return _json(render.generation(manifest, previous))

    def insights(self) -> Response:
        takes_nothing()
        return _json(insights.as_json(insights.told(self._rankings)))

    def healthz(self) -> Response:
        takes_nothing()
        return _json('{"status":"up"}')

    def openapi(self) -> Response:
        return _json(pages.description())

    def docs(self) -> Response:
        return Response(pages.docs(), content_type=routes.HTML)

    def docs_style(self) -> Response:
        return Response(pages.asset("docs.css"), content_type=routes.CSS)

    def docs_script(self) -> Response:
        return Response(pages.asset("docs.js"), content_type=routes.JAVASCRIPT)


def _as_response(reply: Reply) -> Response:
    request.environ[SOURCE] = reply.source
    return Response(reply.body, reply.status, reply.headers)


def _json(body: str | bytes) -> Response:
    return Response(body, content_type=JSON)
