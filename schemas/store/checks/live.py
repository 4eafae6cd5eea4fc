"""Checks of what is live: is it whole, how old is it, who is at work."""

from datetime import UTC, datetime

from redis import Redis

from schemas import keys
from schemas.errors import PayloadError
from schemas.manifests import GenerationManifest
from schemas.records import Generation
from schemas.store.checks.findings import Finding, fail, ok, warn
from schemas.store.control import Control
from schemas.store.manifests import read_manifest


def live(lists: Redis) -> tuple[list[GenerationManifest], list[Finding]]:
    """Manifests of what is live, and whether it is whole."""
    try:
        pointer = Control(lists).pointer()
    except PayloadError as error:
        return [], [fail("live generation", str(error), "anirec rollback GENERATION")]
    if pointer is None:
        return [], [fail("live generation", "nothing is published", "anirec refresh --data DIR")]
    found = [_whole(lists, one.generation) for one in pointer.live]
    return [one for one, _ in found if one is not None], [one for _, one in found]


def age(manifest: GenerationManifest, now: datetime, most_hours: float) -> Finding:
    """How old a live generation is."""
    created = datetime.fromisoformat(manifest.created)
    created = created if created.tzinfo else created.replace(tzinfo=UTC)
    hours = (now - created).total_seconds() / 3600
    said = f"{manifest.generation} is {hours:.1f} hours old"
    if hours > most_hours:
        return warn("age", said, "look why the last refreshes did not publish")
    return ok("age", said)


def lease(lists: Redis) -> Finding:
    """Who is at work."""
    holder = Control(lists).holder()
    return ok("lease", f"{holder} is at work" if holder else "nobody refreshes or backfills")


def _whole(lists: Redis, generation: Generation) -> tuple[GenerationManifest | None, Finding]:
    name, todo = "live generation", "anirec rollback, or anirec refresh"
    try:
        manifest = read_manifest(lists, generation)
    except PayloadError as error:
        return None, fail(name, f"{generation}: {error}", todo)
    needed = [keys.catalogue(generation), keys.popular(generation)]
    missing = [one for one in needed if not lists.exists(one)]
    if manifest is None or missing:
        lacks = ", ".join([*missing, *([] if manifest else [keys.manifest(generation)])])
        return None, fail(name, f"{generation} is live but lacks {lacks}", todo)
    if any(lists.ttl(one) != -1 for one in (*needed, keys.manifest(generation))):
        return manifest, fail(
            name, f"{generation} is live but expires", f"anirec rollback {generation}"
        )
    return manifest, ok(name, f"{generation}, {manifest.counts.get('users', 0)} users")
