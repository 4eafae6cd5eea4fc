"""Forgetting a user: everything that is stored about them, and a marker that they asked."""

from collections.abc import Iterable
from typing import Final, cast

from redis import Redis

from schemas import documents, forgetting, keys, pointer
from schemas.forgetting import Forgotten
from schemas.records import Generation, UserId
from schemas.store.ratings import CHANGES_KEPT, announce

_CHUNK: Final = 5_000
_WRITING: Final = "writing"
_MARK: Final = """
local time = redis.call('TIME')
local at = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local last = '0-0'
if redis.call('EXISTS', KEYS[1]) == 1 then
  local told = redis.call('XINFO', 'STREAM', KEYS[1])
  for at = 1, #told, 2 do
    if told[at] == 'last-generated-id' then last = told[at + 1] end
  end
end
redis.call('HSET', KEYS[2], ARGV[1], at .. ' ' .. last)
local erased = redis.call('DEL', KEYS[3], KEYS[4])
redis.call('XADD', KEYS[5], 'MAXLEN', '~', ARGV[2], '*', 'user', ARGV[1])
return {at .. ' ' .. last, erased}
"""


def forget(lists: Redis, ratings: Redis, user_id: UserId) -> bool:
    """Erase a user; a second time does no harm, and finishes what a first one left.

    The marker comes first: a refresh that is writing follows it before it flips.

    Returns:
        Whether anything was there to be erased; the marker is set either way.
    """
    marker, kept = _mark(ratings, user_id)
    lists_kept = erase_lists(lists, readable(lists), user_id)
    entries = _erase_entries(ratings, user_id, marker)
    # Again, for readers that looked in between.
    announce(ratings, user_id)
    return kept + lists_kept + entries > 0


def forgotten(ratings: Redis) -> dict[UserId, Forgotten]:
    """Everybody who asked to be forgotten."""
    found = cast(dict[bytes, bytes], ratings.hgetall(keys.FORGOTTEN))
    return {UserId(int(user)): forgetting.read(text) for user, text in found.items()}


def forgotten_among(ratings: Redis, users: Iterable[UserId]) -> dict[UserId, Forgotten]:
    """Of some users those who asked to be forgotten."""
    asked = list(users)
    found = cast(list[bytes | None], ratings.hmget(keys.FORGOTTEN, asked)) if asked else []
    return {
        user: forgetting.read(text)
        for user, text in zip(asked, found, strict=True)
        if text is not None
    }


def readable(lists: Redis) -> list[Generation]:
    """Generations that somebody may read, now or after a rollback; not one being written."""
    found = cast(dict[bytes, bytes], lists.hgetall(keys.REGISTER))
    # After a flip a generation is live a moment before the register says so.
    live = cast(bytes | None, lists.hget(keys.CONTROL, "pointer"))
    serving = {one.generation for one in pointer.decode(live).live} if live else set()
    named = {Generation(name.decode()): text for name, text in found.items()}
    return [
        name
        for name, text in named.items()
        if name in serving or documents.read_object("generation", text).get("state") != _WRITING
    ]


def erase_lists(lists: Redis, generations: Iterable[Generation], user_id: UserId) -> int:
    """Delete what some generations know of a user; returns how many keys there were."""
    return sum(lists.delete(*keys.of_user(one, user_id)) for one in generations)


def _mark(ratings: Redis, user_id: UserId) -> tuple[Forgotten, int]:
    """The marker, and how many keys about the user were deleted with it."""
    names = (
        keys.STREAM, keys.FORGOTTEN, keys.recent(user_id), keys.receipts(user_id), keys.CHANGES,
    )  # fmt: skip
    said = ratings.eval(_MARK, len(names), *names, str(user_id), str(CHANGES_KEPT))
    text, erased = cast(tuple[bytes, int], said)
    return forgetting.read(text), erased


def _erase_entries(ratings: Redis, user_id: UserId, marker: Forgotten) -> int:
    """How many they were. The whole stream is read: an index by user would cost every rating
    more than this saves.
    """
    erased = 0
    wanted, first = str(user_id).encode(), "-"
    last = "{}-{}".format(*marker.last)
    while page := _page(ratings, first, last):
        theirs = [entry for entry, said in page if said and said.get(b"user") == wanted]
        if theirs:
            erased += ratings.xdel(keys.STREAM, *theirs)
        first = f"({page[-1][0].decode()}"
    return erased


def _page(ratings: Redis, first: str, last: str) -> list[tuple[bytes, dict[bytes, bytes]]]:
    found = ratings.xrange(keys.STREAM, first, last, count=_CHUNK)
    return cast(list[tuple[bytes, dict[bytes, bytes]]], found)
