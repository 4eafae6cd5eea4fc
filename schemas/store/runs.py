"""Records of runs in Redis: a bounded number, outside any generation, and who is still alive."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, cast

from redis import Redis

from schemas import documents, keys, runs
from schemas.runs import Latest, Outcome, Run

KEPT: Final = 200
"""Newest records that are kept."""
ALIVE_SECONDS: Final = 60
"""Whoever has not been heard of for so long is lost."""

_NOW: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""
_WRITE: Final = (
    _NOW
    + """
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if ARGV[3] == '0' then redis.call('HDEL', KEYS[2], ARGV[1])
else redis.call('HSET', KEYS[2], ARGV[1], string.format('%.0f', now + ARGV[3])) end
for at = 5, #ARGV do redis.call('HSET', KEYS[3], ARGV[at], ARGV[2]) end
local excess = redis.call('HLEN', KEYS[1]) - ARGV[4]
if excess > 0 then
  local ids = redis.call('HKEYS', KEYS[1])
  table.sort(ids)
  for at = 1, excess do
    redis.call('HDEL', KEYS[1], ids[at])
    redis.call('HDEL', KEYS[2], ids[at])
  end
end
return 1
"""
)
_ALIVE: Final = (
    _NOW
    + """
if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], string.format('%.0f', now + ARGV[2]))
return 1
"""
)
_READ: Final = (
    _NOW
    + """
return {redis.call('HVALS', KEYS[1]), redis.call('HGETALL', KEYS[2]), string.format('%.0f', now)}
"""
)
_NAMES: Final = (keys.RUNS, keys.RUNS_ALIVE, keys.RUNS_LATEST)


def write(client: Redis, run: Run, alive_seconds: float = ALIVE_SECONDS) -> None:
    """Add or replace a record; one that has not ended counts as alive for a while."""
    alive = round(alive_seconds * 1000) if run.outcome is Outcome.RUNNING else 0
    latest = [f"run {run.command}"] if run.is_over else []
    latest += [f"success {run.command}"] if run.outcome is Outcome.DONE else []
    values = (run.id, documents.dump(run), alive, KEPT, *latest)
    client.eval(_WRITE, len(_NAMES), *_NAMES, *map(str, values))


def keep_alive(client: Redis, run_id: str, alive_seconds: float = ALIVE_SECONDS) -> None:
    """Say that a run has not ended; one that has is left as it is."""
    milliseconds = str(round(alive_seconds * 1000))
    client.eval(_ALIVE, len(_NAMES), *_NAMES, run_id, milliseconds)


def records(client: Redis) -> list[Run]:
    """All of them, newest first; what claims to run and is not alive is lost.

    Raises:
        PayloadError: one of them cannot be read.
    """
    found, alive, now = cast(
        tuple[Sequence[bytes], Sequence[bytes], bytes], client.eval(_READ, len(_NAMES), *_NAMES)
    )
    until = dict(zip(alive[::2], map(int, alive[1::2]), strict=True))
    read = [_judged(runs.read(text), until, int(now)) for text in found]
    return sorted(read, key=lambda one: one.id, reverse=True)


def lost(client: Redis) -> list[Run]:
    """Runs that were lost and are not written down as lost yet."""
    return [one for one in records(client) if one.outcome is Outcome.LOST and not one.ended]


def latest(client: Redis, command: str) -> Latest:
    """The last runs of a command, as they were written down."""
    asked = [f"run {command}", f"success {command}"]
    found = cast(list[bytes | None], client.hmget(keys.RUNS_LATEST, asked))
    return Latest(*(runs.read(text) if text else None for text in found))


def _judged(run: Run, alive_until: dict[bytes, int], now: int) -> Run:
    if run.outcome is Outcome.RUNNING and alive_until.get(run.id.encode(), 0) <= now:
        return replace(run, outcome=Outcome.LOST)
    return run
