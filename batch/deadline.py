"""A time by which a run stops by itself, before somebody kills it."""

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from schemas.errors import DeadlineError


class Deadline:
    """Counts from when it is made; None: there is none."""

    def __init__(self, seconds: float | None = None) -> None:
        self._seconds = seconds
        self._ends = math.inf if seconds is None else time.monotonic() + seconds

    def check(self) -> None:
        """Stop here if the time is up.

        Raises:
            DeadlineError: it is.
        """
        if time.monotonic() >= self._ends:
            self._stop()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Stop the block where it is when the time is up, as Ctrl-C would.

        Only the main thread can be stopped so; elsewhere `check` has to do.
        """
        if math.isinf(self._ends) or threading.current_thread() is not threading.main_thread():
            yield
            return
        self.check()
        before = signal.signal(signal.SIGALRM, self._stop)
        signal.setitimer(signal.ITIMER_REAL, self._ends - time.monotonic())
        try:
            yield
        finally:
            self.call_off()
            signal.signal(signal.SIGALRM, before)

    def call_off(self) -> None:
        """Let what is as good as done come to its end."""
        if not math.isinf(self._ends):
            self._ends = math.inf
            if threading.current_thread() is threading.main_thread():
                signal.setitimer(signal.ITIMER_REAL, 0)

    def _stop(self, *_: object) -> NoReturn:
        raise DeadlineError(
            f"stopped at its deadline of {self._seconds:g} s: the live generation stays, and "
            "another run goes on from what is finished"
        )
