"""What the server calls, on an event loop: recommendations are answered here, without Flask.

Whatever is unusual, from a strange path to an error, goes on to Flask in a thread, which answers
the same by the same code and says what is wrong.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from werkzeug.exceptions import RequestTimeout

from api import routes, waiting
from api.behind import Answer, Behind, Scope
from api.bodies import MAX_BODY
from api.envelope import Done, Envelope
from api.lookup import Lookup, Reply
from api.origins import Origins
from api.repository import Rankings
from api.routes import JSON
from schemas.records import MAX_USER_ID, UserId

LOOKUP: Final = routes.BY_NAME["recommendations"].rule
LIVE: Final = routes.BY_NAME["live"].rule
BODY_SECONDS: Final = 10.0
"""How long a client may take for a body; a whole MiB from a slow phone takes less."""
SMALL_BODY: Final = 32 * 1024
"""Bodies up to here are answered on the loop; larger ones would keep others waiting."""
KEEP_UP_SECONDS: Final = 0.1
_BEFORE: Final = "/v1/users/"
_AFTER: Final = "/recommendations"
_DIGITS: Final = len(str(MAX_USER_ID)) - 1
_LONGEST: Final = len(str(MAX_BODY))

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Headers = Mapping[bytes, bytes]

log = logging.getLogger(__name__)


class Front:
    """An ASGI application before Flask.

    `lookups` and `live` say which of these may be answered without asking anybody.
    """

    def __init__(
        self,
        behind: Behind,
        rankings: Rankings,
        lookup: Lookup,
        envelope: Envelope,
        origins: Origins | None,
        *,
        lookups: bool,
        live: bool,
    ) -> None:
        self._behind, self._rankings, self._lookup = behind, rankings, lookup
        self._envelope, self._origins = envelope, origins
        self._lookups, self._live = lookups, live

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live_through(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        else:
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        headers = dict(scope["headers"])
        body = b""
        error: Exception | None = None
        if scope["method"] not in ("GET", "HEAD"):
            try:
                body = await _read(headers, receive)
            except TimeoutError:
                error = RequestTimeout(f"The body took longer than {BODY_SECONDS:.0f} s.")
            except ConnectionError:
                return
        found = self._question(scope, headers, body) if error is None else None
        if found is not None and self._rankings.is_at_hand:
            route, ask = found
            try:
                reply = await waiting.run(ask)
            except Exception as raised:  # Flask raises it again, and knows what to answer
                error = raised
            else:
                await _send(send, self._enveloped(scope, headers, route, reply, started))
                return
        await _send(send, await self._behind.answer(scope, body, error))

    def _question(
        self, scope: Scope, headers: Headers, body: bytes
    ) -> tuple[str, Callable[[], Reply]] | None:
        """What can be answered here: its route, and how."""
        if scope["method"] == "GET":
            user_id = _user_of(scope["path"]) if self._lookups else None
            if user_id is None:
                return None
            query = scope["query_string"]
            known = headers.get(b"if-none-match", b"").decode("latin-1")
            return LOOKUP, lambda: self._lookup.answer(user_id, query, known)
        if scope["method"] == "POST" and scope["path"] == LIVE and self._live:
            plain = headers.get(b"content-type") == JSON.encode() and not scope["query_string"]
            if plain and len(body) <= SMALL_BODY and _says_length(headers) <= SMALL_BODY:
                return LIVE, lambda: self._lookup.live(body)
        return None

    def _enveloped(
        self, scope: Scope, asked: Headers, route: str, reply: Reply, started: float
    ) -> Answer:
        request_id = self._envelope.request_id(asked.get(b"x-request-id", b"").decode("latin-1"))
        headers = reply.headers + self._envelope.headers(request_id)
        if self._origins is not None:
            headers += self._origins.headers(asked.get(b"origin", b"").decode("latin-1"))
        if reply.status == 200:
            headers.append(("Content-Length", str(len(reply.body))))
        seconds = time.perf_counter() - started
        method, path = scope["method"], scope["path"]
        self._envelope.tell(
            Done(method, route, reply.status, reply.source, seconds, request_id, path)
        )
        return reply.status, headers, reply.body

    async def _live_through(self, receive: Receive, send: Send) -> None:
        """From the start of the server to its end."""
        await receive()
        keeping_up = asyncio.create_task(self._keep_up())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        keeping_up.cancel()
        with suppress(asyncio.CancelledError):
            await keeping_up
        self._behind.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _keep_up(self) -> None:
        """Nobody on the loop asks the store what has changed, so a thread does, all the time."""
        while True:
            try:
                await asyncio.to_thread(self._rankings.keep_up)
            except Exception as error:  # the next try may succeed, and Flask says it to people
                log.debug("not kept up: %s", error)
            await asyncio.sleep(KEEP_UP_SECONDS)


def _user_of(path: str) -> UserId | None:
    if not path.endswith(_AFTER) or not path.startswith(_BEFORE):
        return None
    digits = path[len(_BEFORE) : -len(_AFTER)]
    if not (digits.isascii() and digits.isdigit()) or len(digits) > _DIGITS:
        return None
    return UserId(int(digits))


def _says_length(headers: Headers) -> int:
    """What a request says about the length of its body; more than any if that is no number."""
    said = headers.get(b"content-length", b"0")
    return int(said) if said.isdigit() and len(said) <= _LONGEST else MAX_BODY + 1


async def _read(headers: Headers, receive: Receive) -> bytes:
    """The body, of one byte more than is accepted at most; nothing of one that says it is longer.

    Raises:
        TimeoutError: it took too long.
        ConnectionError: nobody is there any more.
    """
    if _says_length(headers) > MAX_BODY:
        return b""
    body, more = b"", True
    async with asyncio.timeout(BODY_SECONDS):
        while more and len(body) <= MAX_BODY:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ConnectionError("the client went away")
            body += message.get("body", b"")
            more = message.get("more_body", False)
    return body[: MAX_BODY + 1]


async def _send(send: Send, answer: Answer) -> None:
    status, headers, body = answer
    said = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": said})
    await send({"type": "http.response.body", "body": body})
