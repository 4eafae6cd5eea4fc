"""How a worker keeps up with the store: which generation is live, and whose answers changed.

Whoever asks in a thread does it, one of them every quarter of a second. Nobody on an event loop may
wait so long, so there somebody calls `keep_up` now and then. What a worker remembers is trusted
only while it has kept up within the last second, whoever did it.
"""

import time
from collections.abc import Callable
from threading import Lock
from typing import Final, cast

from redis import Redis, RedisError

from api import waiting
from api.breaker import Breaker
from schemas import keys, pointer
from schemas.errors import NothingPublishedError, PayloadError
from schemas.pointer import Pointer
from schemas.records import UserId
from schemas.store.ratings import CHANGES_KEPT

ASK_SECONDS: Final = 0.25
TRUST_SECONDS: Final = 0.9
NEVER: Final = float("-inf")
_NOTHING: Final = "0-0"

_Page = list[tuple[bytes, dict[bytes, bytes]]]


class Freshness:
    """`changed` is told of a user whose answers changed; of None where anybody's may have."""

    def __init__(
        self,
        lists: Redis,
        ratings: Redis,
        breaker: Breaker,
        changed: Callable[[UserId | None], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lists, self._ratings, self._breaker = lists, ratings, breaker
        self._changed, self._clock = changed, clock
        self._lock = Lock()
        self._ask_again = self._kept_up = NEVER
        self._last: str | None = None
        self.seen: Pointer | None = None
        """What was live when the store was last asked."""
        self.epoch = 0
        """Grows when anything changed: what was read before and is kept after would be old."""

    @property
    def is_stale(self) -> bool:
        """Whether the store has been away for so long that what we know may be old."""
        return self._clock() - self._kept_up > TRUST_SECONDS

    def pointer(self) -> Pointer:
        """What is live. If the store is away, what was live when it was last seen.

        Raises:
            NothingPublishedError, PayloadError, RedisError: and nothing was seen before.
        """
        if not waiting.on_loop():
            self.keep_up()
        if self.seen is None:
            raise NothingPublishedError(f"{keys.CONTROL} has no pointer")
        return self.seen

    def keep_up(self) -> None:
        """Ask the store, unless somebody did a moment ago.

        Raises:
            PayloadError, RedisError: and nothing was seen before.
        """
        now = self._clock()
        if now >= self._ask_again:
            self._catch_up(now)

    def _catch_up(self, now: float) -> None:
        """Others go on with what is known while one asks, unless that is old."""
        waits = self.is_stale
        if not self._lock.acquire(blocking=waits):
            return
        try:
            if self._clock() >= self._ask_again:
                self._ask(now)
        finally:
            self._lock.release()

    def _ask(self, now: float) -> None:
        try:
            self._follow_changes()
            self.seen = self._read_pointer()
        except RedisError:
            if self.seen is None:
                raise
            self._ask_again = self._clock() + ASK_SECONDS
            return
        self._kept_up = now
        if self.seen is not None:  # else the first refresh is waited for: ask every time
            self._ask_again = now + ASK_SECONDS

    def _read_pointer(self) -> Pointer | None:
        text = cast(
            bytes | None, self._breaker.call(lambda: self._lists.hget(keys.CONTROL, "pointer"))
        )
        if text is None:
            return None
        try:
            return pointer.decode(text)
        except PayloadError as error:
            raise PayloadError(f"{keys.CONTROL}: {error}") from error

    def _follow_changes(self) -> None:
        if self._last is None:
            newest = self._page(lambda: self._ratings.xrevrange(keys.CHANGES, count=1))
            self._last = newest[0][0].decode() if newest else _NOTHING
            return
        last = self._last
        page = self._page(lambda: self._ratings.xrange(keys.CHANGES, last))
        if _has_gap(page, last):
            self._tell(None)
            self._last = page[-1][0].decode() if page else _NOTHING
            return
        news = page if last == _NOTHING else page[1:]
        for entry, said in news:
            self._tell(UserId(int(said[b"user"])))
            self._last = entry.decode()

    def _page(self, ask: Callable[[], object]) -> _Page:
        return cast(_Page, self._breaker.call(ask))

    def _tell(self, user_id: UserId | None) -> None:
        self.epoch += 1
        self._changed(user_id)


def _has_gap(page: _Page, last: str) -> bool:
    """Whether changes may have been dropped, or the store lost them, since the last one seen."""
    if last == _NOTHING:
        return len(page) >= CHANGES_KEPT
    return not page or page[0][0].decode() != last
