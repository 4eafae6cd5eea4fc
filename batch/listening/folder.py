"""The same events without a cloud: the newest announcement in a watched local folder."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from batch.listening.events import Event
from batch.storage.data import local_version
from batch.storage.inventory import ANNOUNCEMENT

log = logging.getLogger(__name__)


class WatchedFolder:
    """Looks every few seconds, which also works where a file system sends no events.

    The folder may be the data set, or hold one in each of its subfolders.
    """

    gives_up = True

    def __init__(
        self,
        folder: Path,
        every_seconds: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._folder, self._every = folder.absolute(), every_seconds
        self._clock, self._sleep = clock, sleep
        self._due: dict[str, float] = {}

    def pull(self, seconds: float) -> Event | None:
        end = self._clock() + seconds
        while True:
            event = self._newest()
            if event and self._due.get(event.identity, 0.0) <= self._clock():
                return event
            if self._clock() >= end:
                return None
            self._sleep(self._every)

    @contextmanager
    def keep(self, event: Event) -> Iterator[None]:
        """Nothing to do: the lease of refreshes tells listeners apart."""
        yield

    def done(self, event: Event) -> None:
        self._due[event.identity] = float("inf")

    def give_back(self, event: Event, seconds: float) -> None:
        self._due[event.identity] = self._clock() + seconds

    def give_up(self, event: Event, reason: str) -> None:
        self.done(event)

    def _newest(self) -> Event | None:
        found = [self._folder / ANNOUNCEMENT, *self._folder.glob(f"*/{ANNOUNCEMENT}")]
        there = [(path.stat().st_mtime_ns, path) for path in found if path.is_file()]
        if not there:
            return None
        newest = max(there)[1]
        return Event(str(newest.parent), local_version(newest))
