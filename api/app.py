"""The API's composition root: the one place where parts meet."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flask import Flask, request
from werkzeug.middleware.proxy_fix import ProxyFix

from api import problems, tracing
from api.behind import ERROR, Behind
from api.bodies import MAX_BODY
from api.conditional import Conditional
from api.dashboard.rating import RatingForms
from api.dashboard.views import Dashboard
from api.envelope import ROUTE, Done, Envelope
from api.front import Front
from api.guard import Guard
from api.inbox import Inbox
from api.lookup import Lookup
from api.origins import Origins
from api.readiness import Readiness
from api.repository import Rankings
from api.views import Views

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


@dataclass(frozen=True, slots=True)
class Parts:
    """What stands around the lookups; nothing of it is needed to answer one.

    `guard` refuses before a route runs, `others` add routes, `observers` hear of each answer,
    `exposed` of each answer of an A/B test. Pages take ratings where there is an `inbox`.
    """

    guard: Guard | None = None
    others: tuple[Callable[[Flask], None], ...] = ()
    observers: tuple[Callable[[Done], None], ...] = ()
    inbox: Inbox | None = None
    exposed: Callable[[str, str], None] = lambda *_: None
    readiness: Callable[[Rankings, Lookup], Readiness] = Readiness
    private_reads: bool = False
    trusted_proxies: int = 0
    cors_origins: tuple[str, ...] = ()
    is_leaving: Callable[[], bool] = lambda: False
    env: Mapping[str, str] = field(default_factory=dict)


def create_app(rankings: Rankings, parts: Parts | None = None) -> Flask:
    """Everything as Flask answers it: in threads, and in tests."""
    return _assemble(rankings, parts or Parts())[0]


def create_front(rankings: Rankings, parts: Parts | None = None) -> Front:
    """What a server calls: the short way to the same answers, and Flask behind it."""
    parts = parts or Parts()
    app, lookup, envelope = _assemble(rankings, parts)
    short = not parts.private_reads and not tracing.is_on(parts.env)
    limited = parts.guard is not None and parts.guard.is_limiting
    origins = Origins(app, parts.cors_origins) if parts.cors_origins else None
    return Front(
        Behind(app), rankings, lookup, envelope, origins, lookups=short, live=short and not limited
    )


def _assemble(rankings: Rankings, parts: Parts) -> tuple[Flask, Lookup, Envelope]:
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
    Dashboard(rankings, RatingForms(parts.inbox)).init_app(app)
    parts.readiness(rankings, lookup).init_app(app)
    for add in parts.others:
        add(app)
    problems.init_app(app)
    envelope = Envelope(_inside(app, parts), parts.observers, parts.is_leaving)
    app.wsgi_app = tracing.traced(envelope, parts.env)  # type: ignore[method-assign, assignment]
    return app, lookup, envelope


def _inside(app: Flask, parts: Parts) -> "WSGIApplication":
    """From the inside out: Flask, proxies, origins; the envelope and traces are around them."""
    inner: WSGIApplication = app.wsgi_app
    if parts.trusted_proxies:
        inner = ProxyFix(inner, x_for=parts.trusted_proxies, x_proto=parts.trusted_proxies)
    return Origins(inner, parts.cors_origins) if parts.cors_origins else inner


def _note_route() -> None:
    if request.url_rule is not None:
        request.environ[ROUTE] = request.url_rule.rule
    if ERROR in request.environ:
        raise request.environ[ERROR]
