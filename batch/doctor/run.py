"""All checks, in the order in which one would look."""

from collections.abc import Iterator
from datetime import UTC, datetime

from redis import Redis

from batch.doctor import artifacts, machine
from schemas.manifests import GenerationManifest
from schemas.store.checks import run
from schemas.store.checks.findings import Finding


def examine(
    lists: Redis, ratings_store: Redis, folder: str, most_hours: float
) -> Iterator[Finding]:
    """Everything that can be looked at in these stores and this folder of artifacts."""

    def beside(manifest: GenerationManifest) -> Iterator[Finding]:
        yield artifacts.model(manifest, folder)
        yield from artifacts.drained(manifest, folder)

    yield from run.examine(lists, ratings_store, datetime.now(UTC), most_hours, beside)
    yield machine.disk(folder)
    yield machine.packages()
