"""The API's composition root: the one place where parts meet."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from flask import Flask, request
from werkzeug.middleware.proxy_fix import ProxyFix

from api import problems, tracing
from api.bodies import MAX_BODY
from api.conditional import Conditional
from api.envelope import Done, Envelope
from api.front import ROUTE, Front
from api.lookup import Lookup
from api.origins import Origins
from api.readiness import Readiness
from api.repository import Rankings
from api.views import Views

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class Part(Protocol):
    """Something that adds routes or checks to the app."""

    def init_app(self, app: Flask) -> None: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What stands around the lookups; nothing of it is needed to answer one.

    `guard` refuses before a route runs, `others` add routes, `observers` hear of each answer,
    `exposed` of each answer of an A/B test.
    """

    guard: Part | None = None
    others: tuple[Callable[[Flask], None], ...] = ()
    observers: tuple[Callable[[Done], None], ...] = ()
    exposed: Callable[[str, str], None] = lambda *_: None
    readiness: Callable[[Rankings, Lookup], Readiness] = Readiness
    private_reads: bool = False
    trusted_proxies: int = 0
    cors_origins: tuple[str, ...] = ()
    is_leaving: Callable[[], bool] = lambda: False
    env: Mapping[str, str] = field(default_factory=dict)


def create_app(rankings: Rankings, parts: Parts | None = None) -> Flask:
    parts = parts or Parts()
    app = Flask("api", static_folder=None)
    # A body without a length is cut at this limit without an error; one byte more than we
    # accept is how views can tell.
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY + 1
    lookup = Lookup(rankings, parts.exposed)
    app.before_request(_note_route)
    if parts.guard is not None:
        parts.guard.init_app(app)
    Conditional(rankings, private=parts.private_reads).init_app(app)
    Views(rankings, lookup).init_app(app)
    parts.readiness(rankings, lookup).init_app(app)
    for add in parts.others:
        add(app)
    problems.init_app(app)
    app.wsgi_app = _around(app, lookup, parts)  # type: ignore[method-assign, assignment]
    return app


def _around(app: Flask, lookup: Lookup, parts: Parts) -> "WSGIApplication":
    """From the inside out: Flask, the short way in, origins, the envelope, traces."""
    inner: WSGIApplication = app.wsgi_app
    if parts.trusted_proxies:
        inner = ProxyFix(inner, x_for=parts.trusted_proxies, x_proto=parts.trusted_proxies)
    if not parts.private_reads:
        inner = Front(inner, lookup)
    if parts.cors_origins:
        inner = Origins(inner, parts.cors_origins)
    return tracing.traced(Envelope(inner, parts.observers, parts.is_leaving), parts.env)


def _note_route() -> None:
    if request.url_rule is not None:
        request.environ[ROUTE] = request.url_rule.rule
