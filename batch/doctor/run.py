"""All checks, in the order in which one would look."""

from collections.abc import Iterator
from datetime import UTC, datetime

from redis import Redis, RedisError

from batch.doctor import live, machine, ratings, stores
from batch.doctor.findings import Finding, Kind, Verdict, fail


def examine(
    lists: Redis, ratings_store: Redis, artifacts: str, most_hours: float
) -> Iterator[Finding]:
    """Everything that can be looked at in these stores and this folder of artifacts."""
    yield from _examine_stores(lists, ratings_store, artifacts, most_hours)
    yield machine.disk(artifacts)
    yield machine.packages()


def _examine_stores(
    lists: Redis, ratings_store: Redis, artifacts: str, most_hours: float
) -> Iterator[Finding]:
    found = [stores.answers(lists, "store")]
    if ratings_store is not lists:
        found.append(stores.answers(ratings_store, "ratings store"))
    yield from found
    if any(one.verdict is Verdict.FAIL for one in found):
        return
    try:
        yield from _of_lists(lists, artifacts, most_hours)
        yield from _of_ratings(lists, ratings_store)
    except RedisError as error:
        said = f"it does not answer any more: {' '.join(str(error).split())}"
        yield fail("store", said, "try again", Kind.STORE)


def _of_lists(lists: Redis, artifacts: str, most_hours: float) -> Iterator[Finding]:
    yield stores.eviction(lists, "memory")
    manifests, found = live.live(lists)
    yield from found
    for manifest in manifests:
        yield live.age(manifest, datetime.now(UTC), most_hours)
        yield live.model(manifest, artifacts)
        yield from live.drained(manifest, artifacts)
    yield live.lease(lists)


def _of_ratings(lists: Redis, ratings_store: Redis) -> Iterator[Finding]:
    yield stores.persistence(ratings_store)
    if ratings_store is not lists:
        yield stores.eviction(ratings_store, "memory of ratings")
    yield ratings.backlog(ratings_store)
    yield ratings.lag(ratings_store)
    yield ratings.dead_letters(ratings_store)
    yield ratings.api_keys(lists)
