"""The short way in: recommendations that can be answered at once never reach Flask.

Whatever is unusual here, from a strange path to an error, goes on to Flask, which answers the
same by the same code and says what is wrong.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from api import routes
from api.bodies import MAX_BODY
from api.lookup import SOURCE, Lookup, Reply
from api.routes import JSON
from schemas.records import MAX_USER_ID, UserId

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ROUTE: Final = "anirec.route"
"""Where, in a request's environment, metrics find which route it took."""
ERROR: Final = "anirec.error"
"""Where Flask finds what went wrong here, so that it need not try again."""
LOOKUP: Final = routes.BY_NAME["recommendations"].rule
LIVE: Final = routes.BY_NAME["live"].rule
_BEFORE: Final = "/v1/users/"
_AFTER: Final = "/recommendations"
_DIGITS: Final = len(str(MAX_USER_ID)) - 1
_LONGEST: Final = len(str(MAX_BODY))
_STATUS: Final = {200: "200 OK", 304: "304 NOT MODIFIED"}


class Front:
    """A WSGI application around another one."""

    def __init__(self, inner: "WSGIApplication", lookup: Lookup, *, live: bool) -> None:
        """`live` says whether live answers, too, may be given without asking anybody."""
        self._inner, self._lookup, self._live = inner, lookup, live

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        reply = self._lookup_reply(environ) or self._live_reply(environ)
        if reply is None:
            return self._inner(environ, start_response)
        if reply.status == 200:
            reply.headers.append(("Content-Length", str(len(reply.body))))
        environ[SOURCE] = reply.source
        start_response(_STATUS[reply.status], reply.headers)
        return [reply.body]

    def _lookup_reply(self, environ: "WSGIEnvironment") -> Reply | None:
        path = environ["PATH_INFO"]
        if path[-len(_AFTER) :] != _AFTER or environ["REQUEST_METHOD"] != "GET":
            return None
        digits = path[len(_BEFORE) : -len(_AFTER)]
        plain = path.startswith(_BEFORE) and digits.isascii() and digits.isdigit()
        if not plain or len(digits) > _DIGITS:
            return None
        query = environ.get("QUERY_STRING", "").encode("latin-1")
        known = environ.get("HTTP_IF_NONE_MATCH", "")
        user_id = UserId(int(digits))
        return _tried(environ, LOOKUP, lambda: self._lookup.answer(user_id, query, known))

    def _live_reply(self, environ: "WSGIEnvironment") -> Reply | None:
        asked = environ["PATH_INFO"] == LIVE and environ["REQUEST_METHOD"] == "POST"
        if not asked or not self._live:
            return None
        length = environ.get("CONTENT_LENGTH", "")
        plain = environ.get("CONTENT_TYPE") == JSON and not environ.get("QUERY_STRING")
        if not plain or not (length.isascii() and length.isdigit()):
            return None
        if len(length) > _LONGEST or int(length) > MAX_BODY:
            return None
        body = environ["wsgi.input"].read(int(length))
        return _tried(environ, LIVE, lambda: self._lookup.live(body))


def _tried(environ: "WSGIEnvironment", route: str, ask: Callable[[], Reply]) -> Reply | None:
    try:
        reply = ask()
    except Exception as error:  # Flask raises it again, and knows what to answer to each
        environ[ERROR] = error
        return None
    environ[ROUTE] = route
    return reply
