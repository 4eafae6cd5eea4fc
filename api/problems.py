"""RFC 9457 problem details: one shape for every error the API returns. Pages say it as a page."""

import logging
from http import HTTPStatus

import orjson
from flask import Flask, Response, render_template, request
from redis import RedisError
from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed, NotFound

from api import routes
from api.auth import MissingKeyError, WrongKeyError
from api.csrf import ForgedError
from api.inbox import BacklogFullError, ConflictError
from api.insights import NoInsightsError
from api.limits import TooManyRequestsError
from api.service import UnknownAnimeError
from schemas.errors import InvalidParameterError, NothingPublishedError, PayloadError

CONTENT_TYPE = "application/problem+json"
RETRY_SECONDS = 2
BACKLOG_SECONDS = 60
_LONGEST_PATH = 100

_PAGES = tuple(
    route.path.partition("{")[0]
    for route in routes.ROUTES
    if route.content == routes.HTML and "{" in route.path
)
"""How paths of pages begin: a mistake behind it is told to people."""

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    app.register_error_handler(InvalidParameterError, _refused)
    app.register_error_handler(UnknownAnimeError, _unknown)
    app.register_error_handler(NoInsightsError, _no_insights)
    app.register_error_handler(RedisError, _unavailable)
    app.register_error_handler(NothingPublishedError, _nothing_published)
    app.register_error_handler(PayloadError, _unreadable)
    app.register_error_handler(MissingKeyError, _missing_key)
    app.register_error_handler(WrongKeyError, _wrong_key)
    app.register_error_handler(ForgedError, _forged)
    app.register_error_handler(TooManyRequestsError, _too_many)
    app.register_error_handler(ConflictError, _conflict)
    app.register_error_handler(BacklogFullError, _backlog)
    app.register_error_handler(HTTPException, _http)


def _refused(error: InvalidParameterError) -> Response:
    return _problem(HTTPStatus.BAD_REQUEST, "Invalid request", str(error))


def _unknown(error: UnknownAnimeError) -> Response:
    return _problem(HTTPStatus.NOT_FOUND, "Unknown anime", str(error))


def _no_insights(error: NoInsightsError) -> Response:
    return _problem(HTTPStatus.NOT_FOUND, "No insights yet", str(error))


def _missing_key(error: MissingKeyError) -> Response:
    response = _problem(HTTPStatus.UNAUTHORIZED, "Key missing", str(error))
    response.headers["WWW-Authenticate"] = 'Bearer realm="anirec"'
    return response


def _wrong_key(error: WrongKeyError) -> Response:
    response = _problem(HTTPStatus.FORBIDDEN, "Key refused", str(error))
    response.headers["WWW-Authenticate"] = 'Bearer realm="anirec", error="invalid_token"'
    return response


def _forged(error: ForgedError) -> Response:
    return _problem(HTTPStatus.FORBIDDEN, "Form refused", str(error))


def _too_many(error: TooManyRequestsError) -> Response:
    response = _problem(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests", str(error))
    response.headers["Retry-After"] = str(error.seconds)
    return response


def _conflict(error: ConflictError) -> Response:
    return _problem(HTTPStatus.CONFLICT, "Idempotency key reused", str(error))


def _backlog(error: BacklogFullError) -> Response:
    response = _problem(HTTPStatus.SERVICE_UNAVAILABLE, "Backlog full", str(error))
    response.headers["Retry-After"] = str(BACKLOG_SECONDS)
    return response


def _unavailable(error: RedisError) -> Response:
    log.error("the store did not answer: %s: %s", type(error).__name__, error)
    return _later("The store does not answer. Try again shortly.")


def _nothing_published(error: NothingPublishedError) -> Response:
    log.error("nothing to serve: %s", error)
    return _later("No recommendations have been published yet. Try again shortly.")


def _later(detail: str) -> Response:
    status = HTTPStatus.SERVICE_UNAVAILABLE
    response = _problem(status, "Recommendations unavailable", detail)
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def _unreadable(error: PayloadError) -> Response:
    log.error("stored data cannot be read: %s", error)
    detail = "The fault is on our side and was logged."
    return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Stored data cannot be read", detail)


def _http(error: HTTPException) -> Response:
    status = error.code or InternalServerError.code
    response = _problem(status, error.name, _detail(error))
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _detail(error: HTTPException) -> str | None:
    """What is wrong, and what would be right."""
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        return f"{request.method} is not answered here; allowed are {allowed}."
    if isinstance(error, NotFound) and error.description == NotFound.description:
        return f"Nothing is at {ascii(request.path)[:_LONGEST_PATH]}; /docs lists what there is."
    return error.description


def _is_for_people() -> bool:
    """Whether a page was asked for: whoever reads it does not read JSON."""
    route = routes.BY_NAME.get(request.endpoint or "")
    if route is None:
        return request.path.startswith(_PAGES) or request.accept_mimetypes.best == "text/html"
    return route.content == routes.HTML


def _problem(status: int, title: str, detail: str | None) -> Response:
    if _is_for_people():
        page = render_template(
            "dashboard/problem.html", status=int(status), title=title, why=detail
        )
        return Response(page, int(status), content_type=routes.HTML)
    body = {"type": "about:blank", "title": title, "status": int(status), "detail": detail}
    return Response(orjson.dumps(body), status=int(status), content_type=CONTENT_TYPE)
