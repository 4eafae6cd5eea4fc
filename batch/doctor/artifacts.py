"""Checks of this folder of artifacts beside what is live: its model, and its files of ratings."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from schemas import documents
from schemas.errors import PayloadError
from schemas.manifests import GenerationManifest, ModelManifest
from schemas.ratings import NOTHING, entry_id
from schemas.store.checks.findings import Finding, fail, ok, warn

_MODEL_MANIFEST: Final = "manifest.json"
_SERVING: Final = "a machine that only serves needs none; for others --artifacts must be the folder"
_COPY: Final = "--artifacts must be the folder that refreshes write to"


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
