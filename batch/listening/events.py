"""A data set was announced: the event, and where events come from."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from batch.storage.storage import described


@dataclass(frozen=True, slots=True)
class Event:
    """An announcement; `data` is the folder's address, `version` the announcement's own.

    `handle` is what its source knows it by.
    """

    data: str
    version: str
    handle: str = ""

    @property
    def identity(self) -> str:
        """The same however often it is delivered."""
        return described(self.data, self.version)


class Source(Protocol):
    """Where events come from. Every call may raise TryAgainError: it is out of reach."""

    gives_up: bool
    """Whether there is a place for events that fail; if not, they are given back forever."""

    def pull(self, seconds: float) -> Event | None:
        """The next event, None if there is none for some seconds."""
        ...

    def keep(self, event: Event) -> AbstractContextManager[None]:
        """Let nobody else have it while the block runs."""
        ...

    def done(self, event: Event) -> None:
        """Never deliver it again."""
        ...

    def give_back(self, event: Event, seconds: float) -> None:
        """Deliver it again, here or elsewhere, after some seconds."""
        ...

    def give_up(self, event: Event, reason: str) -> None:
        """Never deliver it again, and put it where people look, with the reason."""
        ...
