"""The control record: pointer, lease and fencing token in one hash, so one key is all it takes.

Every change is a small script on that key alone: atomic, and at home on Redis Cluster. Time is
the server's, so that clocks of clients do not matter.
"""

from dataclasses import dataclass
from typing import Final, cast

from redis import Redis

from schemas import keys, pointer
from schemas.errors import LeaseHeldError
from schemas.pointer import Pointer

_NOW: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends = tonumber(redis.call('HGET', KEYS[1], 'lease_until') or '0')
"""
_MINE: Final = (
    _NOW
    + """
if ends <= now or redis.call('HGET', KEYS[1], 'fence') ~= ARGV[1] then return 0 end
"""
)
_ACQUIRE: Final = (
    _NOW
    + """
if ends > now then return {0, redis.call('HGET', KEYS[1], 'holder')} end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'lease_until', now + ARGV[2])
return {redis.call('HINCRBY', KEYS[1], 'fence', 1), ''}
"""
)
_RENEW: Final = (
    _MINE
    + """
redis.call('HSET', KEYS[1], 'lease_until', now + ARGV[2])
return 1
"""
)
_RELEASE: Final = (
    _MINE
    + """
redis.call('HSET', KEYS[1], 'lease_until', 0)
return 1
"""
)
_NOTE: Final = (
    _MINE
    + """
redis.call('HSET', KEYS[1], 'reading', ARGV[1] .. ' ' .. ARGV[2])
return 1
"""
)
_TAKE_AWAY: Final = """
if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'lease_until', 0)
return 1
"""
NOTHING_YET: Final = "nothing is published yet: `anirec refresh` comes first"
"""What a NothingPublishedError says to whoever looks after a store, by whatever command."""
SUPERSEDED_HOURS: Final = 48.0
"""Where no refresh has said how long superseded generations stay; the default of params.yaml."""
_SWAP: Final = """
if (redis.call('HGET', KEYS[1], 'pointer') or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'pointer', ARGV[3])
return 1
"""
_FLIP: Final = _MINE.replace("return 0", "return -1") + _SWAP


@dataclass(frozen=True, slots=True)
class Control:
    """Reads and changes the control record of one store."""

    client: Redis

    def pointer(self) -> Pointer | None:
        """What is live, or None before the first flip."""
        text = self.pointer_text()
        return pointer.decode(text) if text else None

    def acquire(self, holder: str, milliseconds: int) -> int:
        """Take the lease and return its fencing token, which grows with each lease.

        Raises:
            LeaseHeldError: naming whoever has it.
        """
        fence, held_by = cast(tuple[int, bytes], self._run(_ACQUIRE, holder, milliseconds))
        if not fence:
            raise LeaseHeldError(held_by.decode())
        return fence

    def renew(self, fence: int, milliseconds: int) -> bool:
        """Prolong the lease; False if it has run out or is somebody else's."""
        return self._run(_RENEW, fence, milliseconds) == 1

    def release(self, fence: int) -> None:
        """Give the lease back, if it is still ours."""
        self._run(_RELEASE, fence)

    def note_reading(self, fence: int, data: str) -> None:
        """Say which data the holder of the lease reads, if it still is the holder."""
        self._run(_NOTE, fence, data)

    def reading(self) -> str | None:
        """The data that the running refresh reads; None where that is not known."""
        fields = self.client.hmget(keys.CONTROL, "fence", "reading")
        fence, found = cast(list[bytes | None], fields)
        noted, _, data = (found or b"").partition(b" ")
        return data.decode() if noted and noted == fence else None

    def holder(self) -> str:
        """Who holds the lease; empty for nobody."""
        fields = self.client.hmget(keys.CONTROL, "lease_until", "holder")
        until, holder = cast(list[bytes | None], fields)
        seconds, micro = self.client.time()
        left = int(until or 0) / 1000 - seconds - micro / 1e6
        return (holder or b"?").decode() if left > 0 else ""

    def take_away(self, holder: str) -> None:
        """End the lease of a holder known to be dead, if the lease still is that one's."""
        self._run(_TAKE_AWAY, holder)

    def flip(self, fence: int, target: Pointer) -> bool:
        """Make `target` live if the lease is still ours; False if it is not."""
        done = 0
        while not done:  # another try when a rollback changed the pointer in between
            done = cast(int, self._run(_FLIP, fence, self.pointer_text(), pointer.encode(target)))
        return done == 1

    def swap(self, target: Pointer) -> None:
        """Make `target` live whoever holds the lease: an operator's rollback does not wait."""
        while not self.swap_from(self.pointer_text(), target):
            pass

    def swap_from(self, seen: bytes, target: Pointer) -> bool:
        """The same, if the pointer still is what somebody has seen; False if it is not."""
        return self._run(_SWAP, 0, seen, pointer.encode(target)) == 1

    def note_superseded_hours(self, hours: float) -> None:
        """Say how long superseded generations stay, for whoever has no parameters."""
        self.client.hset(keys.CONTROL, "superseded_hours", str(hours))

    def superseded_hours(self) -> float:
        """How long they stay, as the last refresh has said."""
        said = cast(bytes | None, self.client.hget(keys.CONTROL, "superseded_hours"))
        return float(said) if said else SUPERSEDED_HOURS

    def pointer_text(self) -> bytes:
        """The pointer as it is written; empty before the first flip."""
        return cast(bytes | None, self.client.hget(keys.CONTROL, "pointer")) or b""

    def _run(self, script: str, *arguments: str | bytes | int) -> object:
        return self.client.eval(script, 1, keys.CONTROL, *arguments)
