"""Checks of a Redis: does it answer, is it new enough, does it keep what it is given."""

import re
from typing import Final, cast

from redis import Redis, RedisError

from schemas import keys
from schemas.store.checks.findings import Finding, Kind, Verdict, fail, ok, warn

_OLDEST: Final = (6, 2)
"""The first version with all that is used here."""

_Info = dict[str, object]


def answers(client: Redis, name: str) -> Finding:
    """Whether a store answers, and which version it is."""
    try:
        version = str(_info(client, "server")["redis_version"])
    except (RedisError, OSError) as error:
        return fail(name, f"it does not answer: {' '.join(str(error).split())}",
                    "look at the address, the network and the server", Kind.STORE)  # fmt: skip
    found = tuple(map(int, re.findall(r"\d+", version)[:2]))
    if found < _OLDEST:
        return fail(name, f"Redis {version}", "Redis 6.2 or later is needed")
    return ok(name, f"Redis {version}")


def persistence(ratings: Redis) -> Finding:
    """Whether the store of ratings survives a stop: ratings cannot be made again."""
    name, found = "ratings are kept", _info(ratings, "persistence")
    if not found.get("aof_enabled"):
        at_stake = ratings.exists(keys.STREAM)
        verdict = Verdict.FAIL if at_stake else Verdict.WARN
        return Finding(name, verdict, "the append-only file is off: ratings are lost with Redis",
                       "set appendonly yes (docs/operations.md)")  # fmt: skip
    if found.get("aof_last_write_status") not in (None, "ok"):
        return fail(name, "Redis cannot write its append-only file", "look at its disk and log")
    return ok(name, f"append-only file, {_fsync(ratings)}")


def eviction(client: Redis, name: str) -> Finding:
    """Whether a store may throw away what it is given."""
    found = _info(client, "memory")
    policy, most = str(found.get("maxmemory_policy")), int(str(found.get("maxmemory", 0)))
    used = int(str(found.get("used_memory", 0)))
    said = f"{policy}, {used / 2**20:,.0f} MiB used"
    said += f" of {most / 2**20:,.0f}" if most else ""
    todo = "set maxmemory-policy noeviction"
    if policy.startswith("allkeys"):
        return fail(name, f"{said}: lists and ratings may be thrown away", todo)
    if policy != "noeviction":
        return warn(name, said, todo)
    if most and used > 0.9 * most:
        return warn(name, said, "give it more memory, or keep fewer superseded generations")
    return ok(name, said)


def _fsync(client: Redis) -> str:
    """How often it is written out; not every user may ask."""
    try:
        found = cast(dict[str | bytes, str | bytes], client.config_get("appendfsync"))
    except RedisError:
        return "written out as its configuration says"
    value = next(iter(found.values()), "?")
    text = value.decode() if isinstance(value, bytes) else value
    return f"appendfsync {text}"


def _info(client: Redis, section: str) -> _Info:
    """Of a cluster, one of its nodes."""
    found = cast(_Info, client.info(section))
    first = next(iter(found.values()), None)
    return cast(_Info, first) if isinstance(first, dict) else found
