"""What every answer gets, whoever made it: an id, safe headers, and that it is counted."""

import os
import re
import time
from collections.abc import Callable, Iterable
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple

from api.behind import STARTED
from api.lookup import SOURCE

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ROUTE: Final = "anirec.route"
"""Where, in a request's environment, Flask says which route it took."""
REQUEST_ID: Final = "anirec.request_id"
OTHER: Final = "other"
_SANE: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SAFE: Final = [
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
]
_SAFE_PAGE: Final = [
    *_SAFE[:2],
    (
        "Content-Security-Policy",
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'",
    ),
]

Headers = list[tuple[str, str]]


class Done(NamedTuple):
    """One request that was answered; `route` is its rule, or "other"."""

    method: str
    route: str
    status: int
    source: str
    seconds: float
    request_id: str
    path: str


class Envelope:
    """A WSGI application around another one; each of `observers` is told of each answer."""

    def __init__(
        self,
        inner: "WSGIApplication",
        observers: Iterable[Callable[[Done], None]] = (),
        is_leaving: Callable[[], bool] = lambda: False,
    ) -> None:
        self._inner, self._observers = inner, tuple(observers)
        self._is_leaving = is_leaving
        # Random bytes for each request would cost a system call.
        self._mine, self._number = os.urandom(4).hex(), count()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        started = environ.get(STARTED) or time.perf_counter()
        request_id = environ[REQUEST_ID] = self.request_id(environ.get("HTTP_X_REQUEST_ID", ""))
        seen = "500"

        def begin(
            status: str, headers: Headers, failed: "OptExcInfo | None" = None, /
        ) -> Callable[[bytes], object]:
            nonlocal seen
            seen = status[:3]
            headers += self.headers(request_id, is_page=_is_page(headers))
            return (
                start_response(status, headers)
                if failed is None
                else start_response(status, headers, failed)
            )

        body = self._inner(environ, begin)
        method, route = environ["REQUEST_METHOD"], environ.get(ROUTE) or OTHER
        source, path = environ.get(SOURCE, ""), environ["PATH_INFO"]
        seconds = time.perf_counter() - started
        self.tell(Done(method, route, int(seen), source, seconds, request_id, path))
        return body

    def request_id(self, asked: str) -> str:
        """What the caller calls this request, if that is sane; else a name of ours."""
        if _SANE.fullmatch(asked):
            return asked
        return f"{self._mine}{next(self._number) & 0xFFFFFFFF:08x}"

    def headers(self, request_id: str, *, is_page: bool = False) -> Headers:
        """What an answer says beside what it is about."""
        found = [*(_SAFE_PAGE if is_page else _SAFE), ("X-Request-ID", request_id)]
        if self._is_leaving():
            found.append(("Connection", "close"))
        return found

    def tell(self, done: Done) -> None:
        """Let the observers hear of an answer."""
        for observe in self._observers:
            observe(done)


def _is_page(headers: Headers) -> bool:
    return any(value.startswith("text/html") for name, value in headers if name == "Content-Type")
