"""What somebody who watches wants to know, in one look at each store."""

from dataclasses import dataclass
from typing import cast

from redis import Redis
from redis.client import Pipeline

from schemas import keys, runs
from schemas.ratings import entry_id
from schemas.runs import Run

_RUN, _SUCCESS = "run ", "success "


@dataclass(frozen=True, slots=True)
class Health:
    """How runs went, by command, and what waits for the next one.

    `waiting` ratings are known to no live nightly list yet; `oldest` is when the first of them
    came, in s since 1970, None where there is none.
    """

    last: dict[str, Run]
    successes: dict[str, Run]
    waiting: int
    oldest: float | None


def look(lists: Redis, ratings: Redis) -> Health:
    """Read it, in one round trip where both are one server.

    Raises:
        RedisError: a store did not answer.
        PayloadError: a record cannot be read.
    """
    first = lists.pipeline(transaction=False)
    second = first if ratings is lists else ratings.pipeline(transaction=False)
    _ask(first, second)
    answers = first.execute() if first is second else [*first.execute(), *second.execute()]
    found, count, entries = cast(tuple[dict[bytes, bytes], int, list[tuple[bytes, object]]],
                                   answers)  # fmt: skip
    said = {name.decode(): runs.read(text) for name, text in found.items()}
    return Health(_of(said, _RUN), _of(said, _SUCCESS), *_waiting(count, entries))


def waiting(ratings: Redis) -> tuple[int, float | None]:
    """How many ratings wait for the next refresh, and when the first came, as Health has it."""
    pipe = ratings.pipeline(transaction=False)
    _ask_ratings(pipe)
    return _waiting(*pipe.execute())


def last_runs(lists: Redis) -> dict[str, Run]:
    """Of each command the last run that is over.

    Raises:
        PayloadError: a record cannot be read.
    """
    found = cast(dict[bytes, bytes], lists.hgetall(keys.RUNS_LATEST))
    return _of({name.decode(): runs.read(text) for name, text in found.items()}, _RUN)


def _ask(lists: Pipeline, ratings: Pipeline) -> None:
    lists.hgetall(keys.RUNS_LATEST)
    _ask_ratings(ratings)


def _ask_ratings(ratings: Pipeline) -> None:
    ratings.xlen(keys.STREAM)
    ratings.xrange(keys.STREAM, count=1)


def _waiting(count: int, entries: list[tuple[bytes, object]]) -> tuple[int, float | None]:
    return count, entry_id(entries[0][0])[0] / 1000 if entries else None


def _of(said: dict[str, Run], start: str) -> dict[str, Run]:
    return {name.removeprefix(start): run for name, run in said.items() if name.startswith(start)}
