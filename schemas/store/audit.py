"""Who changed by hand what is live: written down before it is done, and again when it is done."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, TypeVar, cast

from redis import Redis, RedisError

from schemas import keys
from schemas.errors import RecommenderError
from schemas.ratings import entry_id

KEPT: Final = 1_000
BEGUN, DONE = "begun", "done"
"""Outcomes; any other says why it was not done."""
_LONGEST: Final = 500

Done = TypeVar("Done")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """`who` is a key, or a process and its machine; `at` is the time of the store, s since 1970."""

    who: str
    what: str
    outcome: str
    at: float = 0.0


def audited(client: Redis, who: str, what: str, do: Callable[[], Done]) -> Done:
    """Do something, and have it in the record: nothing is done that cannot be written down first.

    Raises:
        RedisError: the store is away. If it went while this was done, only its beginning is
            written down.
    """
    begun = Entry(who, what, BEGUN)
    entry = _append(client, begun)
    try:
        done = do()
    except (RecommenderError, RedisError) as error:
        _finish(client, replace(begun, outcome=str(error)[:_LONGEST] or BEGUN), entry)
        raise
    _finish(client, replace(begun, outcome=DONE), entry)
    return done


def newest(client: Redis, most: int) -> list[Entry]:
    """Newest first, each change once; one that has only begun has no known end."""
    found = cast(
        list[tuple[bytes, dict[bytes, bytes]]], client.xrevrange(keys.AUDIT, count=2 * most)
    )
    ended = {said[b"begun"] for _, said in found if b"begun" in said}
    return [_entry(name, said) for name, said in found if name not in ended][:most]


def _finish(client: Redis, entry: Entry, begun: bytes) -> None:
    """What is done is done: a store that went away meanwhile does not undo it."""
    try:
        _append(client, entry, begun)
    except RedisError as error:
        log.error("%s: %s: %s; not in the record: %s", entry.who, entry.what, entry.outcome, error)


def _append(client: Redis, entry: Entry, begun: bytes = b"") -> bytes:
    """The log gets it too, for whoever collects logs."""
    fields: dict[str, str | bytes] = {
        "who": entry.who, "what": entry.what, "outcome": entry.outcome,
    }  # fmt: skip
    log.info(
        "%s: %s: %s", entry.who, entry.what, entry.outcome,
        extra={"fields": {**fields, "at": datetime.now(UTC).isoformat(timespec="seconds")}},
    )  # fmt: skip
    named = fields | ({"begun": begun} if begun else {})
    return cast(bytes, client.xadd(keys.AUDIT, named, maxlen=KEPT, approximate=True))  # type: ignore[arg-type]  # a dict of what it takes


def _entry(name: bytes, said: dict[bytes, bytes]) -> Entry:
    who, what, outcome = (
        said.get(field, b"?").decode(errors="replace") for field in (b"who", b"what", b"outcome")
    )
    return Entry(who, what, outcome, entry_id(name)[0] / 1000)
