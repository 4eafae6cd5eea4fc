"""The marker of a user who asked to be forgotten."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from schemas.errors import PayloadError
from schemas.ratings import entry_id
from schemas.records import Generation

_STARTED: Final = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """When, in ms since 1970, and which entry of the ratings stream was the last before."""

    at: int
    last: tuple[int, int]

    def covers(self, generation: Generation) -> bool:
        """Whether a generation may still know this user: its refresh began before."""
        return started(generation) <= self.at


def read(text: str | bytes) -> Forgotten:
    """Read a marker.

    Raises:
        PayloadError: it is not one.
    """
    plain = text.decode(errors="replace") if isinstance(text, bytes) else text
    at, _, last = plain.partition(" ")
    if not at.isdigit():
        raise PayloadError(f"{plain!r} is not the marker of a forgotten user")
    return Forgotten(int(at), entry_id(last))


def started(generation: Generation) -> int:
    """When the refresh of a generation began, in ms since 1970; 0 for a name that is no time."""
    try:
        return int(datetime.strptime(generation, _STARTED).replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        return 0
