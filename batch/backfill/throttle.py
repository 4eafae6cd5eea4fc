"""No more users a second than was said."""

import time
from collections.abc import Callable


class Throttle:
    """Waits, after work on some users, for as long as these may take; `per_second` 0: never."""

    def __init__(
        self,
        per_second: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._per_second, self._clock, self._sleep = per_second, clock, sleep
        self._began = clock()

    def wait(self, users: int) -> None:
        """Call after each block; what took too long is not made up for by the next ones."""
        if not self._per_second:
            return
        due = self._began + users / self._per_second
        now = self._clock()
        if due > now:
            self._sleep(due - now)
        self._began = max(due, now)
