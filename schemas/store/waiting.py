"""The ratings stream as workers share it: one consumer group, and where unusable entries go."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from redis import Redis, ResponseError

from schemas import keys
from schemas.ratings import NOTHING, entry_id

GROUP: Final = "lists"
DEAD_KEPT: Final = 10_000
"""Newest dead letters that are kept, or some more."""
_COUNTED: Final = 1_000
"""How far a backlog is counted where the server does not know it."""
_BURY: Final = """
for _, letter in ipairs(redis.call('XRANGE', KEYS[1], '-', '+')) do
  if letter[2][2] == ARGV[2] then return 0 end
end
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'entry', ARGV[2], 'reason', ARGV[3],
  'tries', ARGV[4], 'said', ARGV[5])
return 1
"""

_Page = list[tuple[bytes | None, dict[bytes, bytes]]]


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the stream, and how often it has been handed out, this time included."""

    id: str
    said: Mapping[bytes, bytes]
    tries: int = 1


@dataclass(frozen=True, slots=True)
class Lag:
    """Entries that no worker has finished, and the age in seconds of the oldest of them."""

    entries: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """The entries that one worker, `consumer`, is given; at most `most` at a time."""

    ratings: Redis
    consumer: str
    most: int

    def join(self) -> None:
        """Make the group, from the first entry on, unless it is there."""
        try:
            self.ratings.xgroup_create(keys.STREAM, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    def leave(self) -> None:
        """Take this worker out of the group, unless it leaves something unfinished."""
        mine = self.ratings.xpending_range(keys.STREAM, GROUP, "-", "+", 1, self.consumer)
        if not mine:
            self.ratings.xgroup_delconsumer(keys.STREAM, GROUP, self.consumer)

    def fresh(self, most: int, milliseconds: int | None) -> list[Entry]:
        """Entries that nobody has seen; where there are none, wait for one. None: do not wait."""
        found = self.ratings.xreadgroup(
            GROUP, self.consumer, {keys.STREAM: ">"}, count=most, block=milliseconds
        )
        pages = cast(list[tuple[bytes, _Page]], found)
        return [_entry(one, said) for _, page in pages for one, said in page if one]

    def abandoned(self, milliseconds: int) -> list[Entry]:
        """Take over what was handed to any worker so long ago that it must have died."""
        found = self.ratings.xpending_range(
            keys.STREAM, GROUP, "-", "+", self.most, idle=milliseconds
        )
        tries = {cast(bytes, one["message_id"]): int(one["times_delivered"]) + 1 for one in found}
        if not tries:
            return []
        claimed = cast(
            _Page,
            self.ratings.xclaim(keys.STREAM, GROUP, self.consumer, milliseconds, list(tries)),
        )
        entries = [_entry(one, said, tries[one]) for one, said in claimed if one]
        self._drop_trimmed(set(tries).difference(one for one, _ in claimed))
        return entries

    def done(self, entries: Sequence[Entry]) -> None:
        """Never hand these out again."""
        if entries:
            self.ratings.xack(keys.STREAM, GROUP, *(one.id for one in entries))

    def bury(self, entry: Entry, reason: str) -> None:
        """Give an entry up. It stays in the stream: as a rating it may well be usable."""
        bury(self.ratings, entry, reason)
        self.done([entry])

    def lag(self) -> Lag:
        """How far all workers together are behind."""
        groups = self.ratings.xinfo_groups(keys.STREAM)
        ours = next(one for one in groups if one["name"] in (GROUP, GROUP.encode()))
        last = cast(bytes, ours["last-delivered-id"]).decode()
        after = cast(_Page, self.ratings.xrange(keys.STREAM, f"({last}", count=_COUNTED))
        pending = self.ratings.xpending(keys.STREAM, GROUP)
        unseen = ours.get("lag")
        entries = int(pending["pending"]) + (len(after) if unseen is None else int(unseen))
        oldest = [pending["min"]] if pending["pending"] else []
        oldest += [one for one, _ in after[:1] if one]
        return Lag(entries, max(map(self._age, oldest), default=0.0))

    def _age(self, entry: bytes) -> float:
        seconds, micro = self.ratings.time()
        return max(0.0, seconds + micro / 1e6 - entry_id(entry)[0] / 1000)

    def _drop_trimmed(self, missing: set[bytes]) -> None:
        """Forget pending entries that are no longer in the stream."""
        for one in missing:
            if not self.ratings.xrange(keys.STREAM, one, one):
                self.ratings.xack(keys.STREAM, GROUP, one)


def bury(ratings: Redis, entry: Entry, reason: str) -> None:
    """Write a dead letter about an entry, unless there is one."""
    said = {name.decode(errors="replace"): value.decode(errors="replace")
            for name, value in entry.said.items()}  # fmt: skip
    ratings.eval(
        _BURY, 1, keys.DEAD_LETTERS, str(DEAD_KEPT), entry.id, reason, str(entry.tries),
        json.dumps(said),
    )  # fmt: skip


def trim(ratings: Redis, watermark: tuple[int, int]) -> int:
    """Delete entries up to a watermark, that included; returns how many there were."""
    if watermark == NOTHING:
        return 0
    ms, number = watermark
    removed = ratings.xtrim(keys.STREAM, minid=f"{ms}-{number + 1}", approximate=False)
    return int(removed)


def _entry(one: bytes, said: dict[bytes, bytes], tries: int = 1) -> Entry:
    return Entry(one.decode(), said, tries)
