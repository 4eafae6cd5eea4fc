"""The register: what became of each generation that still has keys."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, cast

from redis import Redis

from schemas import documents, keys
from schemas.errors import PayloadError
from schemas.records import Generation

_NAME: Final = "%Y%m%dT%H%M%SZ"


class State(StrEnum):
    """The life of a generation."""

    WRITING = "writing"
    LIVE = "live"
    SUPERSEDED = "superseded"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Record:
    """One generation; `gone` is when its keys expire, an ISO time, empty for never."""

    generation: Generation
    state: State
    holder: str = ""
    fence: int = 0
    dataset: str = ""
    model: str = ""
    users: int = 0
    note: str = ""
    gone: str = ""


@dataclass(frozen=True, slots=True)
class Register:
    """The generations of one store."""

    client: Redis

    def records(self) -> list[Record]:
        """All of them, oldest first.

        Raises:
            PayloadError: one of them was written by a version that knows more than this one.
        """
        found = cast(dict[bytes, bytes], self.client.hgetall(keys.REGISTER))
        return sorted((_read(text) for text in found.values()), key=lambda one: one.generation)

    def find(self, generation: Generation) -> Record | None:
        """One of them."""
        return next((one for one in self.records() if one.generation == generation), None)

    def write(self, record: Record) -> None:
        """Add or replace a record."""
        self.client.hset(keys.REGISTER, record.generation, documents.dump(record))

    def forget(self, generation: Generation) -> None:
        """Remove a record."""
        self.client.hdel(keys.REGISTER, generation)

    def add(self, now: datetime, holder: str, fence: int = 0) -> Record:
        """Register a generation named by `now`, later if need be: names only ever grow."""
        after = [started(one.generation) + timedelta(seconds=1) for one in self.records()]
        at = max([now, *after])
        record = Record(Generation(at.strftime(_NAME)), State.WRITING, holder, fence)
        self.write(record)
        return record


def started(generation: Generation) -> datetime:
    """When the refresh of a generation began."""
    return datetime.strptime(generation, _NAME).replace(tzinfo=UTC)


def _read(text: bytes) -> Record:
    record = documents.load(Record, text)
    try:
        return replace(record, state=State(record.state))
    except ValueError as error:
        raise PayloadError(
            f"generation {record.generation} has the state {record.state!r}, which a newer "
            "version must have written"
        ) from error
