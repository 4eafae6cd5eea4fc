"""How far a backfill has come: a number in Redis that goes with the generation it belongs to."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from redis import Redis

from batch.backfill.selection import START
from schemas import keys
from schemas.records import Generation


@dataclass(frozen=True, slots=True)
class Position:
    """The place of the last user who is done."""

    lists: Redis
    key: str

    @classmethod
    def of(cls, lists: Redis, live: Sequence[Generation], selection: str) -> "Position":
        """That of a selection in what is live."""
        named = hashlib.sha256(" ".join([*live, selection]).encode()).hexdigest()[:16]
        return cls(lists, keys.backfill(live[0], named))

    def read(self) -> int:
        """Where to go on; `START` where nothing was begun."""
        found = cast(bytes | None, self.lists.get(self.key))
        return START if found is None else int(found)

    def write(self, place: int) -> None:
        """Note that everybody up to a place is done."""
        self.lists.set(self.key, place)

    def clear(self) -> None:
        """Begin anew the next time."""
        self.lists.delete(self.key)
