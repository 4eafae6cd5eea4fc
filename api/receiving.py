"""Bodies of requests as they arrive: bounded in length, in time, and all together."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from werkzeug.exceptions import BadRequest, HTTPException, RequestTimeout, ServiceUnavailable

from api.bodies import MAX_BODY

SECONDS: Final = 10.0
"""How long a client may take for a body; a whole MiB from a slow phone takes less."""
MOST_HELD: Final = 64 * 1024 * 1024
"""Bytes of bodies that a worker holds at a time: what one client cannot do, many together can."""
_LONGEST: Final = len(str(MAX_BODY))

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Headers = Mapping[bytes, bytes]


@dataclass(slots=True)
class Held:
    """How many bytes of bodies a worker holds, of how many it may."""

    bytes: int = 0
    most: int = MOST_HELD


@dataclass(slots=True)
class Body:
    """One body; whoever reads it lets it go."""

    held: Held
    read_so_far: bytearray = field(default_factory=bytearray)
    is_late: bool = False

    async def read(self, headers: Headers, receive: Receive) -> HTTPException | None:
        """Read it, to one byte more than is accepted at most; nothing if it says it is longer.

        Returns:
            What is wrong with how it came, if anything.
        """
        if says_length(headers) > MAX_BODY:
            return None  # to be refused by whoever knows what is accepted
        task = asyncio.current_task()
        assert task is not None
        # A third of what asyncio.timeout costs, and most bodies are there already.
        end = asyncio.get_running_loop().call_later(SECONDS, self._end, task)
        try:
            return await self._read(receive)
        except asyncio.CancelledError:
            if not self.is_late or task.uncancel():
                raise  # somebody else stops us
            return RequestTimeout(f"The body took longer than {SECONDS:g} s.")
        finally:
            end.cancel()

    def _end(self, task: asyncio.Task[object]) -> None:
        self.is_late = True
        task.cancel()

    async def _read(self, receive: Receive) -> HTTPException | None:
        more = True
        while more and len(self.read_so_far) <= MAX_BODY:
            message = await receive()
            if message["type"] == "http.disconnect":
                return BadRequest("The body broke off.")
            part = message.get("body", b"")
            if self.held.bytes + len(part) > self.held.most:
                return ServiceUnavailable("Too many bodies are on their way.", retry_after=1)
            self.held.bytes += len(part)
            self.read_so_far += part
            more = message.get("more_body", False)
        return None

    def let_go(self) -> None:
        """Once the request is answered."""
        self.held.bytes -= len(self.read_so_far)


def says_length(headers: Headers) -> int:
    """What a request says about the length of its body; more than any if that is no number."""
    said = headers.get(b"content-length", b"0")
    return int(said) if said.isdigit() and len(said) <= _LONGEST else MAX_BODY + 1
