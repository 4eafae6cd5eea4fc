"""The live generations, each with the model that ranked it: what a worker writes to."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import cast

import numpy as np
from redis import Redis

from batch import artifacts
from batch.params import ListParams
from batch.rules import ProductRules
from batch.scoring import Model
from batch.storage.storage import LOCAL, Storage
from schemas import catalogue_codec, keys
from schemas.errors import NothingPublishedError, SettingsError
from schemas.manifests import GenerationManifest
from schemas.product_order import facts_of
from schemas.ratings import NOTHING, entry_id
from schemas.records import Anime, AnimeId, Generation
from schemas.store.control import Control
from schemas.store.manifests import read_manifest

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Target:
    """A generation and all that ranking for it takes.

    Its nightly lists know the ratings up to the entry `watermark`.
    """

    generation: Generation
    watermark: tuple[int, int]
    model: Model
    rules: ProductRules
    lists: ListParams
    column_of: Mapping[AnimeId, int]


class Targets:
    """What is live, loaded; whoever asks again gets the same until the pointer moves."""

    def __init__(self, lists: Redis, models: Path, storage: Storage = LOCAL) -> None:
        self._lists, self._models, self._storage = lists, models, storage
        self._loaded: dict[Generation, Target] = {}

    def current(self) -> tuple[Target, ...]:
        """One target, two in an A/B test, none while nothing is published.

        Raises:
            SettingsError: the folder of models lacks one that is live.
            NothingPublishedError: a generation that is live is not stored.
            TryAgainError: the models are in Cloud Storage, which is out of reach.
        """
        pointer = Control(self._lists).pointer()
        live = [one.generation for one in pointer.live] if pointer else []
        if live != list(self._loaded):
            self._loaded = {one: self._loaded.get(one) or self._load(one) for one in live}
        return tuple(self._loaded.values())

    def _load(self, generation: Generation) -> Target:
        manifest = read_manifest(self._lists, generation)
        payload = cast(bytes | None, self._lists.get(keys.catalogue(generation)))
        if manifest is None or payload is None:
            raise NothingPublishedError(f"{generation} is live, but is not stored")
        catalogue = catalogue_codec.decode(payload)
        model = self._model(manifest, catalogue)
        log.info("ranking for %s with model %s", generation, manifest.model)
        return Target(
            generation,
            entry_id(manifest.watermark) if manifest.watermark else NOTHING,
            model,
            ProductRules(facts_of(catalogue)),
            _list_params(manifest),
            {anime.anime_id: column for column, anime in enumerate(catalogue)},
        )

    def _model(self, manifest: GenerationManifest, catalogue: tuple[Anime, ...]) -> Model:
        for known in self._loaded.values():
            if known.model.manifest.model == manifest.model:
                return known.model
        folder = self._models / manifest.model
        self._storage.fetch(f"models/{manifest.model}")
        if artifacts.read_manifest(folder) is None:
            raise SettingsError(
                f"the model {manifest.model} of the live generation {manifest.generation} is not "
                f"in {self._models}: --artifacts must be the folder that refreshes write to"
            )
        ids = np.array([anime.anime_id for anime in catalogue])
        if not np.array_equal(artifacts.load_anime_ids(folder), ids):
            raise SettingsError(f"{folder} was trained on another catalogue than the live one")
        return artifacts.load_model(folder)


def _list_params(manifest: GenerationManifest) -> ListParams:
    """Of a generation that does not say, the defaults."""
    known = {field.name for field in fields(ListParams)}
    said = {name: value for name, value in manifest.lists.items() if name in known}
    return ListParams(**said)
