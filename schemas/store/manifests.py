"""What stored generations say about themselves."""

from typing import cast

from redis import Redis

from schemas import documents, keys
from schemas.manifests import GenerationManifest
from schemas.records import Generation


def read_manifest(client: Redis, generation: Generation) -> GenerationManifest | None:
    """The manifest of a stored generation."""
    text = cast(bytes | None, client.get(keys.manifest(generation)))
    return documents.load(GenerationManifest, text) if text else None
