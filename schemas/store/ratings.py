"""Ratings as they arrive: kept for good, and at hand for the next answer, in one step."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, cast

from redis import Redis

from schemas import keys
from schemas.ratings import Rating, fields, mark
from schemas.records import UserId
from schemas.store.scripts import queue

CHANGES_KEPT: Final = 10_000
"""How many changes a reader may have missed before it has to forget all it knows."""
MOST_RECENT: Final = 5_000
RECEIPT_SECONDS: Final = 24 * 3600
MOST_RECEIPTS: Final = 5_000

_APPEND: Final = """
local receipt = ARGV[1] ~= '' and redis.call('HGET', KEYS[4], ARGV[1])
if receipt then
  local id, sent = string.match(receipt, '^(%S+) (%S+)$')
  return {sent == ARGV[2] and 'accepted' or 'conflict', id}
end
if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[3]) then return {'full', ''} end
local anime, rows, kept = struct.pack('<I4', ARGV[5]), redis.call('GET', KEYS[2]) or '', {}
for at = 1, #rows, 17 do
  local row = string.sub(rows, at, at + 16)
  if string.sub(row, 1, 4) ~= anime then kept[#kept + 1] = row end
end
if #kept >= tonumber(ARGV[10]) then return {'full', ''} end
local id = redis.call('XADD', KEYS[1], '*', 'user', ARGV[4], 'anime', ARGV[5],
  'rating', ARGV[6], 'status', ARGV[7])
local ms, n = string.match(id, '(%d+)-(%d+)')
kept[#kept + 1] = anime .. struct.pack('<BI8I4', ARGV[8], ms, n)
redis.call('SET', KEYS[2], table.concat(kept))
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[9], '*', 'user', ARGV[4])
if ARGV[1] ~= '' then
  if redis.call('HLEN', KEYS[4]) >= tonumber(ARGV[12]) then redis.call('DEL', KEYS[4]) end
  redis.call('HSET', KEYS[4], ARGV[1], id .. ' ' .. ARGV[2])
  redis.call('EXPIRE', KEYS[4], ARGV[11])
end
return {'accepted', id}
"""
_ABSORB: Final = """
local rows, kept = redis.call('GET', KEYS[1]) or '', {}
local ms, n = tonumber(ARGV[2]), tonumber(ARGV[3])
for at = 1, #rows, 17 do
  local row = string.sub(rows, at, at + 16)
  local this, more = struct.unpack('<I8I4', row, 6)
  if this > ms or this == ms and more > n then kept[#kept + 1] = row end
end
if #kept > 0 then redis.call('SET', KEYS[1], table.concat(kept)) else redis.call('DEL', KEYS[1]) end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', 'user', ARGV[1])
return #kept
"""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a rating.

    `accepted`: `entry` is its id, of an earlier time where the same was sent before with the
    same idempotency key. `conflict`: something else was sent with that key. `full`: as many
    ratings as allowed wait for a nightly refresh.
    """

    outcome: Literal["accepted", "conflict", "full"]
    entry: str


def append(client: Redis, rating: Rating, backlog: int, idempotency_key: str = "") -> Receipt:
    """Keep a rating, unless `backlog` of them wait already.

    Nothing is trimmed. A second rating of a title takes the place of the first in what answers
    look at, and stands behind it in the stream.
    """
    entry = fields(rating)
    named = hashlib.sha256(idempotency_key.encode()).hexdigest() if idempotency_key else ""
    outcome, entry_id = _run(
        client,
        _APPEND,
        (keys.STREAM, keys.recent(rating.user_id), keys.CHANGES, keys.receipts(rating.user_id)),
        (named, _fingerprint(entry), backlog, *entry.values(), mark(rating.rating, rating.status),
         CHANGES_KEPT, MOST_RECENT, RECEIPT_SECONDS, MOST_RECEIPTS),
    )  # fmt: skip
    found = {b"accepted": "accepted", b"conflict": "conflict"}.get(outcome, "full")
    return Receipt(cast(Literal["accepted", "conflict", "full"], found), entry_id.decode())


def absorb(client: Redis, users: Iterable[UserId], entry: tuple[int, int]) -> None:
    """Say that these users' lists know all ratings up to an entry of the stream."""
    pipe = client.pipeline(transaction=False)
    for user_id in users:
        names = keys.recent(user_id), keys.CHANGES
        queue(pipe, _ABSORB, names, str(user_id), *map(str, entry), str(CHANGES_KEPT))
    pipe.execute()


def announce(client: Redis, *users: UserId) -> None:
    """Tell every reader, after the fact, that answers for these users have changed."""
    pipe = client.pipeline(transaction=False)
    for user_id in users:
        pipe.xadd(keys.CHANGES, {"user": user_id}, maxlen=CHANGES_KEPT, approximate=True)
    pipe.execute()


def _fingerprint(entry: Mapping[str, int]) -> str:
    said = " ".join(f"{name}={value}" for name, value in entry.items())
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _run(
    client: Redis, script: str, names: tuple[str, ...], values: tuple[str | int, ...]
) -> list[bytes]:
    return cast(list[bytes], client.eval(script, len(names), *names, *map(str, values)))
