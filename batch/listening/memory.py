"""What became of each announcement, in Redis: a second delivery must not refresh again."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, cast

from redis import Redis

from batch.listening.events import Event
from schemas import keys

_DAYS: Final = 60
"""Longer than Pub/Sub keeps anything."""


class Fate(StrEnum):
    """What became of an event."""

    DONE = "done"
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True)
class Memory:
    """One hash for each event, which outlives every listener."""

    client: Redis

    def fate(self, event: Event) -> Fate | None:
        """None for an event that is still to be worked on."""
        found = cast(bytes | None, self.client.hget(keys.event(event.identity), "fate"))
        return Fate(found.decode()) if found else None

    def claim(self, event: Event) -> bool:
        """Say that a listener works on it; False where one did and has not said that it ended."""
        return self.client.hsetnx(keys.event(event.identity), "claimed", 1) == 1

    def release(self, event: Event) -> None:
        """Say that no listener works on it any more."""
        self.client.hdel(keys.event(event.identity), "claimed")

    def note(self, event: Event, fate: Fate, reason: str = "") -> None:
        """Remember what became of it, and why."""
        key, now = keys.event(event.identity), datetime.now(UTC).isoformat()
        self.client.hset(key, items=["fate", str(fate), "reason", reason, "at", now])
        self.client.expire(key, _DAYS * 86_400)

    def count(self, event: Event, what: str) -> int:
        """Count a failure or a return of it; returns how many there were."""
        return self.client.hincrby(keys.event(event.identity), what, 1)
