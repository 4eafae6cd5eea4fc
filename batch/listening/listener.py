"""One event, one refresh: what is acknowledged, given back or given up, and when."""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from redis import RedisError

from batch.listening.events import Event, Source
from batch.listening.memory import Fate, Memory
from schemas.errors import LeaseHeldError

log = logging.getLogger(__name__)

_FIRST_PAUSE: Final = 10.0
_LONGEST_PAUSE: Final = 600.0
"""As long as Pub/Sub lets anybody keep an event without asking again."""


class Verdict(Enum):
    """What an error says about another try."""

    FAILED = auto()
    PASSING = auto()
    REFUSED = auto()
    MISUSED = auto()


@dataclass(slots=True)
class Listener:
    """Takes events from a source and has them worked on.

    `work` refreshes; `is_current` tells whether an announcement is still the one that lies there;
    `reading` says which data the running refresh reads. What failed `tries` times is given up.
    """

    source: Source
    memory: Memory
    work: Callable[[Event], None]
    is_current: Callable[[Event], bool]
    reading: Callable[[], str | None]
    verdict: Callable[[BaseException], Verdict]
    tries: int = 5
    busy: bool = False

    def once(self, seconds: float) -> bool:
        """Work on the first event that asks for it; False if none comes for some seconds.

        Raises:
            Exception: whatever the work raised, once the event was given back or up.
        """
        while (event := self.source.pull(seconds)) is not None:
            self.busy = True
            due = self._handle(event)
            self.busy = False
            if due:
                return True
        return False

    def run(self, seconds: float, sleep: Callable[[float], None] = time.sleep) -> None:
        """Work on every event, until stopped. Whoever is out of reach is waited for.

        Raises:
            Exception: settings are not usable.
        """
        pause = 1.0
        while True:
            try:
                self.once(seconds)
                pause = 1.0
            except Exception as error:
                self.busy = False
                if self.verdict(error) is Verdict.MISUSED:
                    raise
                self._log(error)
                sleep(pause)
                pause = min(2 * pause, 60.0)

    def _handle(self, event: Event) -> bool:
        """Whether it was worked on."""
        claimed = False
        try:
            with self.source.keep(event):
                due = self._is_due(event)
                if due:
                    claimed = self.memory.claim(event)
                    self.work(event)
        except LeaseHeldError as held:
            self._while_another_runs(event, held, claimed)
            return True
        except Exception as error:
            self._failed(event, error)
            raise
        except BaseException:
            self._give_back(event, 0, "stopped")
            raise
        if due:
            self.memory.note(event, Fate.DONE)  # first: a crash here costs a delivery, no refresh
        self.source.done(event)
        return due

    def _is_due(self, event: Event) -> bool:
        fate = self.memory.fate(event)
        if fate is not None:
            log.info("%s is %s already", event.identity, fate)
            return False
        if not self.is_current(event):
            log.info("%s is not what lies there any more", event.identity)
            return False
        log.info("%s was announced", event.identity)
        return True

    def _while_another_runs(self, event: Event, held: LeaseHeldError, claimed: bool) -> None:
        """Another refresh of the same data will do; unless a listener is at this very event.

        Should that one fail, the event can only come again if nobody has acknowledged it.
        """
        if claimed and self.reading() == event.identity:
            log.info("%s is being read by %s", event.identity, held)
            self.memory.note(event, Fate.DONE, f"read by {held}")
            self.source.done(event)
            return
        reason = f"another refresh is running: {held}"
        self._give_back(event, self._pause(event), reason, claimed=claimed)

    def _failed(self, event: Event, error: Exception) -> None:
        reason = f"{type(error).__name__}: {error}"
        verdict = self.verdict(error)
        if verdict is Verdict.REFUSED:
            self._give_up(event, reason)
        elif verdict is not Verdict.FAILED:
            self._give_back(event, self._pause(event), reason)
        elif self._count(event, "failures") >= self.tries and self.source.gives_up:
            self._give_up(event, reason)
        else:
            self._give_back(event, self._pause(event), reason)

    def _give_up(self, event: Event, reason: str) -> None:
        log.error("%s is given up: %s", event.identity, reason)
        self.source.give_up(event, reason)
        self.memory.note(event, Fate.GIVEN_UP, reason)

    def _give_back(
        self, event: Event, seconds: float, reason: str, *, claimed: bool = True
    ) -> None:
        log.warning("%s is given back for %.0f s: %s", event.identity, seconds, reason)
        self.source.give_back(event, seconds)
        if claimed:
            with suppress(RedisError):
                self.memory.release(event)

    def _pause(self, event: Event) -> float:
        """Twice as long each time."""
        before = min(self._count(event, "returns") - 1, 16)
        return min(_FIRST_PAUSE * 2.0**before, _LONGEST_PAUSE)

    def _count(self, event: Event, what: str) -> int:
        """How often it came to this; 1 while the store that counts is away."""
        try:
            return self.memory.count(event, what)
        except RedisError:
            return 1

    def _log(self, error: Exception) -> None:
        if self.verdict(error) is Verdict.FAILED:
            log.error("a refresh failed", exc_info=error)
        else:
            log.warning("%s: %s", type(error).__name__, error)
