"""Models on disk: arrays and a manifest, written whole or not at all, never pickled."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import load_npz, save_npz

from batch.candidates import FACETS, Traits
from batch.franchises import Franchises
from batch.hybrid import Hybrid
from batch.models.legs import LEGS, leg_module
from batch.models.likeness import TitleVectors
from batch.models.ranker import Ranker
from batch.scoring import Model
from batch.statistics import TitleStatistics
from schemas import documents
from schemas.errors import PayloadError
from schemas.manifests import ModelManifest

MANIFEST: Final = "manifest.json"
_ANIME_IDS: Final = "anime_ids.npy"
_COLUMNS: Final = "columns.npy"
_TRAITS: Final = "traits.npz"
_RANKER: Final = "ranker.npz"
_NEWCOMERS: Final = "newcomers.npz"
_FACET: Final = "facet-{}.npz"
_SPREAD: Final = "spread.npz"
_VECTORS: Final = "vectors.npz"
_STATISTICS: Final = "statistics.npz"
_FRANCHISES: Final = "franchises.npz"
_LEFTOVER_SECONDS: Final = 24 * 3600
_UNFINISHED: Final = (".part-*/", ".*.partial/", "arriving-*/")


def save_model(
    model: Model,
    statistics: TitleStatistics,
    franchises: Franchises,
    anime_ids: NDArray[np.int32],
    folder: Path,
) -> None:
    """Write a model, with the catalogue order that its arrays rely on, to a folder of its own.

    A folder that is there already is replaced.
    """
    with whole_folder(folder) as part:
        np.save(part / _ANIME_IDS, anime_ids, allow_pickle=False)
        np.save(part / _COLUMNS, model.columns, allow_pickle=False)
        _save_traits(model.hybrid.traits, part)
        model.hybrid.ranker.save(part / _RANKER)
        model.hybrid.newcomers.save(part / _NEWCOMERS)
        save_npz(part / _SPREAD, model.spread)
        save_npz(part / _VECTORS, model.vectors.rows)
        save_statistics(statistics, part / _STATISTICS)
        np.savez(part / _FRANCHISES, **asdict(franchises))
        for name, leg in zip(LEGS, model.hybrid.legs, strict=True):
            (part / name).mkdir()
            leg.save(part / name)
        _write_manifest(model.manifest, part)


def load_model(folder: Path) -> Model:
    """Read a model.

    Raises:
        PayloadError: the arrays do not belong together.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise PayloadError(f"{folder} is not a finished model: it has no {MANIFEST}")
    legs = [leg_module(name).load(folder / name) for name in LEGS]
    hybrid = Hybrid(
        legs,
        manifest.blend,
        Ranker.load(folder / _RANKER),
        Ranker.load(folder / _NEWCOMERS),
        _load_traits(folder),
        manifest.candidates,
    )
    model = Model(
        manifest,
        hybrid,
        np.load(folder / _COLUMNS, allow_pickle=False),
        load_npz(folder / _SPREAD),
        TitleVectors(load_npz(folder / _VECTORS)),
    )
    if (model.anime, model.rated) != (manifest.anime, manifest.rated):
        raise PayloadError(f"{folder}: arrays and manifest disagree on the number of titles")
    return model


def _save_traits(traits: Traits, folder: Path) -> None:
    np.savez(folder / _TRAITS, popularity=traits.popularity, rating=traits.rating, year=traits.year)
    for number, facet in enumerate(traits.facets):
        save_npz(folder / _FACET.format(number), facet)


def _load_traits(folder: Path) -> Traits:
    facets = tuple(load_npz(folder / _FACET.format(number)) for number in range(len(FACETS)))
    with np.load(folder / _TRAITS, allow_pickle=False) as found:
        return Traits(found["popularity"], found["rating"], found["year"], facets)


def load_anime_ids(folder: Path) -> NDArray[np.int32]:
    """The catalogue order that a model's columns mean."""
    ids: NDArray[np.int32] = np.load(folder / _ANIME_IDS, allow_pickle=False)
    return ids


def load_statistics(folder: Path) -> TitleStatistics:
    """Read what users did with each title when the model was trained."""
    return read_statistics(folder / _STATISTICS)


def load_franchises(folder: Path) -> Franchises:
    """Read which titles belonged together when the model was trained."""
    with np.load(folder / _FRANCHISES, allow_pickle=False) as found:
        return Franchises(found["franchise"], found["series"], found["side"])


def save_statistics(statistics: TitleStatistics, path: Path) -> None:
    """Write statistics to a file of their own."""
    np.savez(
        path,
        watchers=statistics.watchers,
        raters=statistics.raters,
        rating_sums=statistics.rating_sums,
    )


def read_statistics(path: Path) -> TitleStatistics:
    """Read what `save_statistics` wrote."""
    with np.load(path, allow_pickle=False) as found:
        return TitleStatistics(found["watchers"], found["raters"], found["rating_sums"])


def note_experiment(manifest: ModelManifest, key: str, folder: Path) -> ModelManifest:
    """Add to a saved model's manifest which experiment trained it."""
    noted = replace(manifest, experiment=key)
    with scratch(folder.parent) as part:
        _write_manifest(noted, part)
        os.replace(part / MANIFEST, folder / MANIFEST)
    return noted


def _write_manifest(manifest: ModelManifest, folder: Path) -> None:
    (folder / MANIFEST).write_text(documents.dump(manifest, indent=2), encoding="utf-8")


def read_manifest(folder: Path) -> ModelManifest | None:
    """Read a model's manifest, None where no finished model lies."""
    path = folder / MANIFEST
    return documents.load(ModelManifest, path.read_bytes()) if path.is_file() else None


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A folder to write to that takes its name only if the block ends without an error."""
    with scratch(folder.parent) as part:
        yield part
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(part, folder)


@contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """A hidden folder that is gone after the block; what killed runs left goes first."""
    parent.mkdir(parents=True, exist_ok=True)
    sweep_leftovers(parent)
    made = Path(tempfile.mkdtemp(prefix=".part-", dir=parent))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def note_use(folder: Path) -> None:
    """Say that a finished data set or model was used now: unused ones go first."""
    os.utime(folder)


def sweep_leftovers(parent: Path) -> None:
    """Delete unfinished folders, by their names, that nobody has touched for a day."""
    for leftover in (folder for name in _UNFINISHED for folder in parent.glob(name)):
        if time.time() - leftover.stat().st_mtime > _LEFTOVER_SECONDS:
            shutil.rmtree(leftover, ignore_errors=True)
