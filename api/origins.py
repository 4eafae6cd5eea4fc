"""Cross-origin requests: browsers on the listed sites may call us, others may not."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_ASKED: Final = "HTTP_ACCESS_CONTROL_REQUEST_METHOD"
_PREFLIGHT: Final = [
    ("Access-Control-Allow-Methods", "GET, POST, DELETE"),
    (
        "Access-Control-Allow-Headers",
        "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Request-ID",
    ),
    ("Access-Control-Max-Age", "600"),
    ("Content-Length", "0"),
]
_DEPENDS: Final = ("Vary", "Origin")
_EXPOSED: Final = ("Access-Control-Expose-Headers", "ETag, Retry-After, X-Request-ID")

Headers = list[tuple[str, str]]


class Origins:
    """A WSGI application around another one."""

    def __init__(self, inner: "WSGIApplication", allowed: Sequence[str]) -> None:
        self._inner, self._allowed = inner, frozenset(allowed)

    def headers(self, origin: str) -> Headers:
        """What an answer to a page of this site says."""
        if origin not in self._allowed:
            return [_DEPENDS]
        return [_DEPENDS, ("Access-Control-Allow-Origin", origin), _EXPOSED]

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        origin = environ.get("HTTP_ORIGIN", "")
        mine = self.headers(origin)
        asks_first = environ["REQUEST_METHOD"] == "OPTIONS" and _ASKED in environ
        if asks_first and origin in self._allowed:
            start_response("204 No Content", [*mine, *_PREFLIGHT])
            return []

        def begin(
            status: str, headers: Headers, failed: "OptExcInfo | None" = None, /
        ) -> Callable[[bytes], object]:
            return start_response(status, [*headers, *mine], failed)

        return self._inner(environ, begin)
