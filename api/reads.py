"""Values of a store by key; on an event loop, what many requests ask for goes out as one command.

While one command is under way the next one fills up. So under load a round trip, and the waking
of a thread, are shared by all requests that wait, and one request alone waits for nobody.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple, cast

from redis import Redis

from api import waiting

MOST_KEYS: Final = 2_000
"""In one command, beyond those of the request that exceeds it: Redis answers nobody meanwhile."""

Values = list[bytes | None]


class _Asked(NamedTuple):
    keys: Sequence[str]
    answer: "asyncio.Future[Values]"


class Reads:
    """Over one client, for any number of threads and for one event loop."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._thread = ThreadPoolExecutor(1, "reads")  # starts with its first command
        self._waiting: list[_Asked] = []
        self._is_asking = False

    def many(self, keys: Sequence[str]) -> Values:
        """Values in the order of their keys, None where there is none.

        Raises:
            RedisError: the store did not answer.
        """
        if waiting.on_loop():
            return waiting.wait_for(self._ask(keys))
        return self._mget(keys)

    def _mget(self, keys: Sequence[str]) -> Values:
        return cast(Values, self._client.mget(keys))

    def _ask(self, keys: Sequence[str]) -> "asyncio.Future[Values]":
        loop = asyncio.get_running_loop()
        asked = _Asked(keys, loop.create_future())
        self._waiting.append(asked)
        if not self._is_asking:
            self._is_asking = True
            loop.call_soon(self._send, loop)  # after the other requests that came with this one
        return asked.answer

    def _send(self, loop: asyncio.AbstractEventLoop) -> None:
        batch = self._next_batch()
        keys = [key for asked in batch for key in asked.keys]
        try:
            found = loop.run_in_executor(self._thread, self._mget, keys)
        except RuntimeError as error:  # no thread can be had; the next request tries again
            found = loop.create_future()
            found.set_exception(error)
        found.add_done_callback(lambda done: self._received(loop, batch, done))

    def _next_batch(self) -> list[_Asked]:
        batch: list[_Asked] = []
        keys = 0
        while self._waiting and keys < MOST_KEYS:
            batch.append(self._waiting.pop(0))
            keys += len(batch[-1].keys)
        return batch

    def _received(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: Sequence[_Asked],
        done: "asyncio.Future[Values]",
    ) -> None:
        self._is_asking = bool(self._waiting)
        if self._waiting:
            self._send(loop)
        _hand_out(batch, done)


def _hand_out(batch: Sequence[_Asked], done: "asyncio.Future[Values]") -> None:
    error = None if done.cancelled() else done.exception()
    start = 0
    for asked in batch:
        stop = start + len(asked.keys)
        if done.cancelled() or asked.answer.done():
            asked.answer.cancel()  # we are stopping, or nobody waits for it any more
        elif error is not None:
            asked.answer.set_exception(error)
        else:
            asked.answer.set_result(done.result()[start:stop])
        start = stop
