"""Train a model or use a saved one, and say why."""

import logging
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from batch import artifacts, reuse
from batch.dataset import Dataset
from batch.engine import Engine
from batch.models.blend import KNOTS
from batch.params import Params
from batch.progress import Progress
from batch.reuse import Identity
from batch.storage.storage import LOCAL, Storage
from batch.tracking import UNTRACKED, Experiment, Tracker
from batch.training import train
from schemas.errors import DataRefusedError, SettingsError
from schemas.manifests import ModelManifest

log = logging.getLogger(__name__)


class Train(StrEnum):
    """When to train: AUTO only where no saved model fits."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Choice:
    """The model to score with, where it is, and why it is this one."""

    folder: Path
    manifest: ModelManifest
    trained: bool
    reason: str


def choose_model(
    dataset: Dataset,
    models: Path,
    when: Train,
    params: Params,
    engine: Engine,
    progress: Progress,
    tracker: Tracker = UNTRACKED,
    storage: Storage = LOCAL,
    pinned: str = "",
) -> Choice:
    """Find or train the model for a data set; what was trained is told to the tracker.

    A model that only `storage` has is fetched. Where a model is `pinned`, it is that one.

    Raises:
        DataRefusedError: NEVER, and no saved model knows this catalogue; or the pinned one
            does not.
        SettingsError: the pinned model is not there, or training was asked for all the same.
    """
    if pinned:
        return _pinned(dataset, models / pinned, when, storage)
    wanted = reuse.identity(dataset.manifest.hash, params)
    if when is Train.NEVER:
        return _newest_that_fits(dataset, models, storage)
    if when is Train.AUTO:
        storage.fetch(f"models/{wanted.model}")
    reason = "asked to" if when is Train.ALWAYS else why_train(models, wanted)
    folder = models / wanted.model
    if reason:
        log.info("training a model: %s", reason)
        experiment = tracker.begin("training", params, **asdict(wanted), model=wanted.model)
        told = experiment.following(progress)
        manifest = train(dataset, folder, wanted, params, engine, told).manifest
        manifest = _told(tracker, experiment, manifest, folder)
        artifacts.note_use(folder)
        return Choice(folder, manifest, True, reason)
    found = artifacts.read_manifest(folder)
    assert found is not None
    artifacts.note_use(folder)
    return Choice(folder, found, False, "data, settings and code are those of the saved model")


def _pinned(dataset: Dataset, folder: Path, when: Train, storage: Storage) -> Choice:
    if when is Train.ALWAYS:
        raise SettingsError(
            f"model {folder.name} is pinned, so none is trained: `anirec models unpin` ends that"
        )
    storage.fetch(f"models/{folder.name}")
    manifest = artifacts.read_manifest(folder)
    if manifest is None:
        raise SettingsError(f"model {folder.name} is pinned, but is not in {folder.parent}")
    if not _fits(folder, dataset):
        raise DataRefusedError(
            f"model {folder.name} is pinned, but was trained on another catalogue than the data "
            "have now: `anirec models unpin` lets the next refresh train"
        )
    return Choice(folder, manifest, False, "pinned")


def _told(
    tracker: Tracker, experiment: Experiment, manifest: ModelManifest, folder: Path
) -> ModelManifest:
    """The manifest that names the experiment, which is being sent from now on."""
    if experiment.key is None:
        return manifest
    noted = artifacts.note_experiment(manifest, experiment.key, folder)
    weights = {
        f"blend/{leg}/{titles}": weight
        for leg, values in manifest.blend.items()
        for titles, weight in zip(KNOTS, values, strict=True)
    }
    experiment.figures |= manifest.metrics | weights
    experiment.model = str(folder.absolute())
    tracker.finish(experiment)
    return noted


def why_train(models: Path, wanted: Identity) -> str:
    """Why no saved model will do; empty if one does."""
    saved = dict(reuse.models_in(models))
    if models / wanted.model in saved:
        return reuse.why_not(saved[models / wanted.model], wanted)
    newest = next(iter(saved.values()), None)
    return reuse.why_not(newest, wanted) if newest else "no saved model"


def _newest_that_fits(dataset: Dataset, models: Path, storage: Storage) -> Choice:
    for name in storage.newest("models"):
        if storage.fetch(name) and _fits(models / Path(name).name, dataset):
            break
    for folder, manifest in reuse.models_in(models):
        if _fits(folder, dataset):
            artifacts.note_use(folder)
            return Choice(folder, manifest, False, "asked not to train")
    raise DataRefusedError(
        f"asked not to train, but no model in {models} was trained on this catalogue"
    )


def _fits(folder: Path, dataset: Dataset) -> bool:
    return np.array_equal(artifacts.load_anime_ids(folder), dataset.anime_ids)
