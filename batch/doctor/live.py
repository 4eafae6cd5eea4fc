"""Checks of what is live: is it whole, how old is it, is its model at hand, who is at work."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, cast

from redis import Redis

from batch.doctor.findings import Finding, fail, ok, warn
from batch.publish.control import Control
from batch.publish.manifests import read_manifest
from schemas import documents, keys
from schemas.errors import PayloadError
from schemas.manifests import GenerationManifest, ModelManifest
from schemas.ratings import NOTHING, entry_id
from schemas.records import Generation

_MODEL_MANIFEST: Final = "manifest.json"
_SERVING: Final = "a machine that only serves needs none; for others --artifacts must be the folder"
_COPY: Final = "--artifacts must be the folder that refreshes write to"


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


def model(manifest: GenerationManifest, artifacts: str) -> Finding:
    """Whether workers and backfills find the model of a live generation."""
    name, folder = "model", Path(artifacts) / "models" / manifest.model
    if "://" in artifacts:
        return warn(name, f"not looked for in {artifacts}", "a bucket is not looked into")
    if not Path(artifacts).is_dir():
        return warn(name, f"there is no folder {artifacts}", _SERVING)
    try:
        text = (folder / _MODEL_MANIFEST).read_bytes()
        found = documents.load(ModelManifest, text)
    except FileNotFoundError:
        return fail(name, f"{manifest.model} is not in {artifacts}/models", _COPY)
    except (PayloadError, OSError) as error:
        return fail(name, f"{folder} cannot be read: {error}", "anirec refresh --train always")
    return ok(name, f"{found.model}, of {found.anime} titles")


def drained(manifest: GenerationManifest, artifacts: str) -> Iterator[Finding]:
    """Whether the files of ratings reach as far as published lists: else a refresh is refused."""
    folder = Path(artifacts) / "ratings"
    if "://" in artifacts or not Path(artifacts).is_dir() or not manifest.watermark:
        return
    names = sorted(path.stem for path in folder.glob("[0-9]*-[0-9]*.parquet"))
    last = entry_id(names[-1]) if names else NOTHING
    if last < entry_id(manifest.watermark):
        yield fail("ratings in files", f"{folder} ends before {manifest.watermark}, known to lists",
                   f"{_COPY}, or have a copy of its ratings")  # fmt: skip
    else:
        yield ok("ratings in files", f"{len(names)} files in {folder}")


def lease(lists: Redis) -> Finding:
    """Who is at work."""
    until, holder = cast(list[bytes | None], lists.hmget(keys.CONTROL, "lease_until", "holder"))
    seconds, micro = lists.time()
    left = int(until or 0) / 1000 - seconds - micro / 1e6
    if left <= 0:
        return ok("lease", "nobody refreshes or backfills")
    return ok("lease", f"{(holder or b'?').decode()} is at work")


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
