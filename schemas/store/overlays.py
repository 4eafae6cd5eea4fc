"""Writing lists that were ranked again: the one that knows most wins, whoever comes last."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from redis import Redis

from schemas import keys, overlay_codec
from schemas.records import Generation, UserId
from schemas.store.scripts import queue

_BEYOND: Final = """
local known = redis.call('GETRANGE', KEYS[1], 2, 9)
local beyond = false
if #known == 8 then
  local low, high = struct.unpack('<I4I4', known)
  beyond = high > tonumber(ARGV[2]) or high == tonumber(ARGV[2]) and low > tonumber(ARGV[1])
end
"""
"""Whether what is stored has a higher revision; its halves are compared, as Lua has no 64 bits."""
_WRITE: Final = (
    _BEYOND
    + """
if beyond then return 0 end
redis.call('SET', KEYS[1], ARGV[3], 'KEEPTTL')
return 1
"""
)
_REMOVE: Final = _BEYOND + "if not beyond then redis.call('DEL', KEYS[1]) end"


@dataclass(frozen=True, slots=True)
class Overlay:
    """A user's list in one generation, ranked again."""

    generation: Generation
    user_id: UserId
    revision: int
    ranking: bytes


def write(lists: Redis, overlays: Iterable[Overlay]) -> list[bool]:
    """Store overlays, but none where one of a higher revision is; returns which were stored."""
    pipe = lists.pipeline(transaction=False)
    for one in overlays:
        payload = overlay_codec.encode(one.revision, one.ranking)
        queue(pipe, _WRITE, _key(one), *_halves(one.revision), payload)
    return [bool(stored) for stored in pipe.execute()]


def remove(lists: Redis, overlays: Iterable[Overlay]) -> None:
    """Take overlays back, but none of a higher revision."""
    pipe = lists.pipeline(transaction=False)
    for one in overlays:
        queue(pipe, _REMOVE, _key(one), *_halves(one.revision))
    pipe.execute()


def _key(overlay: Overlay) -> tuple[str]:
    return (keys.overlay(overlay.generation, overlay.user_id),)


def _halves(revision: int) -> tuple[str, str]:
    return str(revision & 0xFFFFFFFF), str(revision >> 32)
