"""What the server calls, on an event loop: recommendations are answered here, without Flask.

Whatever is unusual, from a strange path to an error, goes on to Flask in a thread, which answers
the same by the same code and says what is wrong.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from redis import RedisError

from api import routes, waiting
from api.behind import Answer, Behind, Scope
from api.envelope import Done, Envelope
from api.lookup import Lookup, Reply
from api.origins import Origins
from api.receiving import Body, Headers, Held, Receive, says_length
from api.repository import NotAtHandError, Rankings
from api.routes import JSON
from schemas.records import MAX_USER_ID, UserId

LOOKUP: Final = routes.BY_NAME["recommendations"].rule
LIVE: Final = routes.BY_NAME["live"].rule
SMALL_BODY: Final = 4 * 1024
"""Bodies up to here, of about a hundred titles, are answered on the loop; larger ones would keep
others waiting."""
KEEP_UP_SECONDS: Final = 0.1
_BEFORE: Final = "/v1/users/"
_AFTER: Final = "/recommendations"
_DIGITS: Final = len(str(MAX_USER_ID)) - 1

Send = Callable[[Mapping[str, Any]], Awaitable[None]]

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
        self._held = Held()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live_through(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        else:
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _joined(scope["headers"])
        body = Body(self._held)
        error: Exception | None = None
        try:
            if scope["method"] not in ("GET", "HEAD"):
                error = await body.read(headers, receive)
            await _send(send, await self._answer(scope, headers, bytes(body.read_so_far), error))
        finally:
            body.let_go()

    async def _answer(
        self, scope: Scope, headers: Headers, body: bytes, error: Exception | None
    ) -> Answer:
        started = time.perf_counter()
        found = self._question(scope, headers, body) if error is None else None
        if found is not None and self._rankings.is_at_hand:
            route, ask = found
            try:
                reply = await waiting.run(ask)
            except (NotAtHandError, RedisError):
                pass  # a thread may wait, and asks for this request alone
            except Exception as raised:  # Flask raises it again, and knows what to answer
                error = raised
            else:
                return self._enveloped(scope, headers, route, reply, started)
        return await self._behind.answer(scope, body, started, error)

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
            if plain and len(body) <= SMALL_BODY and says_length(headers) <= SMALL_BODY:
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


def _joined(headers: Sequence[tuple[bytes, bytes]]) -> Headers:
    """By name; what was sent twice is one list, as in Flask."""
    found = dict(headers)
    if len(found) < len(headers):
        found = {}
        for name, value in headers:
            found[name] = found[name] + b"," + value if name in found else value
    return found


async def _send(send: Send, answer: Answer) -> None:
    status, headers, body = answer
    said = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": said})
    await send({"type": "http.response.body", "body": body})
