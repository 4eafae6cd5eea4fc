"""How many answers each variant of an A/B test gave, added up in the store now and then.

Counting never waits for the store; a thread adds what was counted.
"""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Final

from redis import Redis, RedisError

from schemas import keys

SECONDS: Final = 1.0
_KEPT_SECONDS: Final = 90 * 24 * 3600


class Exposure:
    """Counts in memory and adds to the store once a second; counts once what was told once."""

    def __init__(self, client: Redis, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._clock = client, clock
        self._counts = Counter[str]()
        self._lock = Lock()
        self._thread = ThreadPoolExecutor(1, "exposure")
        self._next = clock() + SECONDS

    def count(self, variant: str, generation: str) -> None:
        """Count one answer."""
        with self._lock:
            self._counts[f"{variant} {generation}"] += 1
            if self._clock() < self._next:
                return
            due, self._counts = self._counts, Counter()
            self._next = self._clock() + SECONDS
        self._thread.submit(self._add, due)

    def flush(self) -> None:
        """Add what has not been added; the last thing to be called."""
        self._thread.shutdown()
        with self._lock:
            due, self._counts = self._counts, Counter()
        self._add(due)

    def _add(self, due: Counter[str]) -> None:
        try:
            for name, count in due.items():
                self._client.hincrby(keys.EXPOSURE, name, count)
            if due:
                self._client.expire(keys.EXPOSURE, _KEPT_SECONDS)
        except RedisError:
            with self._lock:
                self._counts.update(due)
