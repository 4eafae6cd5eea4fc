"""All checks of the stores, in the order in which one would look."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from redis import Redis, RedisError

from schemas.manifests import GenerationManifest
from schemas.store.checks import live, ratings, runs, stores
from schemas.store.checks.findings import Finding, Kind, Verdict, fail


def examine(
    lists: Redis,
    ratings_store: Redis,
    now: datetime,
    most_hours: float,
    beside: Callable[[GenerationManifest], Iterable[Finding]] = lambda _: (),
) -> Iterator[Finding]:
    """Everything that can be looked at in these stores.

    `beside` has more to say about each live generation.
    """
    found = [stores.answers(lists, "store")]
    if ratings_store is not lists:
        found.append(stores.answers(ratings_store, "ratings store"))
    yield from found
    if any(one.verdict is Verdict.FAIL for one in found):
        return
    try:
        yield from _of_lists(lists, now, most_hours, beside)
        yield from _of_ratings(lists, ratings_store)
    except RedisError as error:
        said = f"it does not answer any more: {' '.join(str(error).split())}"
        yield fail("store", said, "try again", Kind.STORE)


def _of_lists(
    lists: Redis,
    now: datetime,
    most_hours: float,
    beside: Callable[[GenerationManifest], Iterable[Finding]],
) -> Iterator[Finding]:
    yield stores.eviction(lists, "memory")
    manifests, found = live.live(lists)
    yield from found
    for manifest in manifests:
        yield live.age(manifest, now, most_hours)
        yield from beside(manifest)
    yield live.lease(lists)
    yield from runs.last(lists)


def _of_ratings(lists: Redis, ratings_store: Redis) -> Iterator[Finding]:
    yield stores.persistence(ratings_store)
    if ratings_store is not lists:
        yield stores.eviction(ratings_store, "memory of ratings")
    yield ratings.backlog(ratings_store)
    yield ratings.lag(ratings_store)
    yield ratings.dead_letters(ratings_store)
    yield ratings.api_keys(lists)
