"""Checks of the ratings stream: what waits, for how long, what was given up."""

from typing import Final

from redis import Redis

from schemas import keys
from schemas.store import access
from schemas.store.checks.findings import Finding, ok, warn
from schemas.store.waiting import GROUP, Waiting

_MANY: Final = 500_000
"""Half of what the API takes by default before it refuses more."""
_LONG: Final = 60.0


def backlog(ratings: Redis) -> Finding:
    """How many ratings wait for the night."""
    waiting = int(ratings.xlen(keys.STREAM))
    said = f"{waiting} ratings in the stream"
    if waiting > _MANY:
        return warn("backlog", said, "look why no refresh has published of late")
    return ok("backlog", said)


def lag(ratings: Redis) -> Finding:
    """How far workers are behind."""
    if not _has_group(ratings):
        if ratings.xlen(keys.STREAM):
            return warn("workers", "no worker has ever come", "anirec worker")
        return ok("workers", "no worker has ever come, and nobody has rated")
    found = Waiting(ratings, "", 1).lag()
    said = f"{found.entries} ratings are not in lists yet, the oldest for {found.seconds:.0f} s"
    if found.seconds > _LONG:
        return warn("workers", said, "start a worker, or more of them: anirec worker")
    return ok("workers", said)


def dead_letters(ratings: Redis) -> Finding:
    """What workers have given up."""
    found = int(ratings.xlen(keys.DEAD_LETTERS))
    if found:
        return warn("dead letters", f"{found}", f"XRANGE {keys.DEAD_LETTERS} - + says why")
    return ok("dead letters", "none")


def api_keys(lists: Redis) -> Finding:
    """Whether anybody may write."""
    found = len(access.everyone(lists))
    return ok("API keys", str(found) if found else "none: nobody may rate (anirec keys create)")


def _has_group(ratings: Redis) -> bool:
    if not ratings.exists(keys.STREAM):
        return False
    return GROUP.encode() in [one["name"] for one in ratings.xinfo_groups(keys.STREAM)]
