"""Flask behind an event loop: whole requests go into threads, whole answers come back.

A thread is taken only once the body is there, so a client that stalls holds none.
"""

import asyncio
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

ERROR: Final = "anirec.error"
"""Where, in a request's environment, Flask finds what went wrong before it was asked."""
STARTED: Final = "anirec.started"
"""Where the envelope finds since when somebody waits for the answer."""
THREADS: Final = 32
"""Each waits for the store most of its time, if it waits at all."""

Scope = dict[str, Any]
Headers = list[tuple[str, str]]
Answer = tuple[int, Headers, bytes]


class Behind:
    """A WSGI application that never sees a request before its last byte."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app
        self._threads = ThreadPoolExecutor(THREADS, "flask")

    async def answer(
        self, scope: Scope, body: bytes, started: float, error: Exception | None = None
    ) -> Answer:
        """Status, headers and body.

        `started` is when the request was whole, as perf_counter says; `error` is what Flask is to
        explain.
        """
        environ = environ_of(scope, body) | {STARTED: started}
        if error is not None:
            environ[ERROR] = error
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, _called, self._app, environ)

    def stop(self) -> None:
        """Wait for what has begun."""
        self._threads.shutdown()


def _called(app: "WSGIApplication", environ: "WSGIEnvironment") -> Answer:
    begun: list[tuple[str, Headers]] = []

    def begin(status: str, headers: Headers, _: "OptExcInfo | None" = None, /) -> Any:
        begun.append((status, headers))

    chunks = app(environ, begin)
    try:
        body = b"".join(chunks)
    finally:
        getattr(chunks, "close", lambda: None)()
    status, headers = begun[-1]
    return int(status[:3]), headers, body


def environ_of(scope: Scope, body: bytes) -> "WSGIEnvironment":
    """What PEP 3333 says of a request, from what ASGI says."""
    host, port = scope.get("server") or ("localhost", None)
    client, client_port = scope.get("client") or ("", 0)
    return {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or 80),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client,
        "REMOTE_PORT": str(client_port),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        # A body without a length is whole by now; one that is too long keeps the length it said.
        "CONTENT_LENGTH": str(len(body)) if body else "",
        **_variables(scope["headers"]),
    }


def _variables(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for raw, value in headers:
        if b"_" in raw:  # would pass for the header that has a dash there
            continue
        name = raw.decode("latin-1").upper().replace("-", "_")
        if name not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            name = f"HTTP_{name}"
        text = value.decode("latin-1")
        found[name] = f"{found[name]},{text}" if name in found else text
    found.pop("HTTP_TRANSFER_ENCODING", None)  # that was undone when the body was read
    return found
