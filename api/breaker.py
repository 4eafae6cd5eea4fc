"""A circuit breaker: a store that is away is not asked by every request, only now and then."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

from redis import RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

Found = TypeVar("Found")

FAILURES: Final = 3
OPEN_SECONDS: Final = 0.5


class StoreAwayError(RedisError):
    """The store did not answer a moment ago, and was not asked again."""


class Breaker:
    """Opens after some failures in a row; then one call at a time tries whether it is back."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        on_fault: Callable[[], None] = lambda: None,
    ) -> None:
        self._clock, self._on_fault = clock, on_fault
        self._failures, self._closed_again = 0, 0.0
        self._last: Exception | None = None

    def call(self, ask: Callable[[], Found]) -> Found:
        """Ask the store.

        Raises:
            StoreAwayError: at once, while the circuit is open.
            RedisError: it did not answer, or refused.
        """
        if self._failures >= FAILURES:
            now = self._clock()
            if now < self._closed_again:
                raise StoreAwayError("the store has not answered for a moment")
            self._closed_again = now + OPEN_SECONDS  # nobody else tries while we do
        try:
            found = ask()
        except (RedisConnectionError, RedisTimeoutError) as error:
            self._note(error)
            raise
        self._failures, self._last = 0, None
        return found

    def _note(self, error: Exception) -> None:
        """Count a fault; one command that many have waited for is one fault."""
        if error is self._last:
            return
        self._last = error
        self._failures += 1
        self._closed_again = self._clock() + OPEN_SECONDS
        self._on_fault()
