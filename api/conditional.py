"""Tags of answers that follow from the live generation alone, such as titles and insights."""

import zlib
from typing import Final

from flask import Flask, Response, g, request

from api.lookup import FORMAT, matches
from api.repository import Rankings

SHARED: Final = frozenset({"anime", "similar", "search", "generation", "insights"})
"""Endpoints whose answers are the same for everybody."""
SECONDS: Final = 60


class Conditional:
    """Answers 304 before a route runs, and tags what it answers."""

    def __init__(self, rankings: Rankings, *, private: bool) -> None:
        self._rankings = rankings
        self._keep = f"{'private' if private else 'public'}, max-age={SECONDS}"

    def init_app(self, app: Flask) -> None:
        app.before_request(self.check)
        app.after_request(self.mark)

    def check(self) -> Response | None:
        """A tag is only ever given with an answer, so whoever has it has the answer."""
        if request.method not in ("GET", "HEAD") or request.endpoint not in SHARED:
            return None
        pointer = self._rankings.pointer()
        if self._rankings.is_stale:
            return None
        asked = f"{pointer} {request.path}?".encode() + request.query_string
        g.tag = f'"{FORMAT}-{pointer.live[0].generation}-{zlib.crc32(asked):08x}"'
        if matches(request.headers.get("If-None-Match", ""), g.tag):
            return self._tagged(Response(status=304))
        return None

    def mark(self, response: Response) -> Response:
        if response.status_code == 200 and "tag" in g:
            return self._tagged(response)
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        return response

    def _tagged(self, response: Response) -> Response:
        response.headers["ETag"] = g.tag
        response.headers["Cache-Control"] = self._keep
        return response
