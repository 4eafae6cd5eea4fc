"""What the stream and users' recent ratings need no longer hold, once lists know it."""

import logging
from typing import Final, cast

from redis import Redis

from schemas import keys
from schemas.chunks import chunks
from schemas.ratings import NOTHING, entry_id, read_recent
from schemas.records import Generation, UserId
from schemas.store import waiting
from schemas.store.control import Control
from schemas.store.manifests import read_manifest
from schemas.store.ratings import absorb
from schemas.store.register import Register, State

log = logging.getLogger(__name__)

_SCANNED: Final = 1000


def known_to_any(lists: Redis) -> tuple[int, int]:
    """The last entry that any generation knows that serves or has served."""
    return max(_watermarks(lists).values(), default=NOTHING)


def settle(lists: Redis, ratings: Redis) -> None:
    """Trim the stream up to what the live lists know, and recent ratings up to what all know.

    Recent ratings are kept until every generation that one may go back to knows them: a list is
    ranked again from its generation's histories and these. Doing it again changes nothing.
    """
    found = _watermarks(lists)
    pointer = Control(lists).pointer()
    live = [one.generation for one in pointer.live] if pointer else []
    known = min((found.get(one, NOTHING) for one in live), default=NOTHING)
    removed = waiting.trim(ratings, known)
    oldest = min(found.values(), default=NOTHING)
    users = _absorb(ratings, oldest) if oldest != NOTHING else 0
    if removed or users:
        log.info("trimmed %d ratings; %d users have fewer recent ones", removed, users)


def _watermarks(lists: Redis) -> dict[Generation, tuple[int, int]]:
    served = [
        one.generation
        for one in Register(lists).records()
        if one.state in (State.LIVE, State.SUPERSEDED)
    ]
    manifests = [read_manifest(lists, one) for one in served]
    return {
        one.generation: entry_id(one.watermark) if one.watermark else NOTHING
        for one in manifests
        if one is not None
    }


def _absorb(ratings: Redis, entry: tuple[int, int]) -> int:
    absorbed = 0
    names = cast("list[bytes]", ratings.scan_iter(match=keys.recent("*"), count=_SCANNED))
    for some in chunks(names):
        found = cast(list[bytes | None], ratings.mget(some))
        users = [
            UserId(int(name.rsplit(b":", 1)[1]))
            for name, payload in zip(some, found, strict=True)
            if payload and read_recent(payload)[0].entry <= entry
        ]
        absorb(ratings, users, entry)
        absorbed += len(users)
    return absorbed
