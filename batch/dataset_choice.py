"""Ingest, or use a finished data set that was made from the same."""

import logging
import os
import shutil
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from batch import artifacts
from batch.dataset import MANIFEST, Dataset, note_manifest, open_dataset
from batch.engine import Engine
from batch.ingest.inputs import Inputs, inputs_of
from batch.ingest.run import ingest
from batch.params import IngestParams
from batch.ratings.files import NONE_DRAINED, Drained
from batch.storage.storage import LOCAL, Storage
from schemas.errors import DataRefusedError, PayloadError

log = logging.getLogger(__name__)

_KIND: Final = "datasets"


@dataclass(frozen=True, slots=True)
class Sources:
    """What a data set is to be made from: files, ratings of the stream, without some users."""

    data: Path
    ratings: Drained = NONE_DRAINED
    without: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Chosen:
    """A data set, and whether it lay there already."""

    dataset: Dataset
    reused: bool


def choose_dataset(
    sources: Sources,
    datasets: Path,
    params: IngestParams,
    engine: Engine,
    storage: Storage = LOCAL,
) -> Chosen:
    """Find or make the data set of some sources in a folder of data sets, which `storage` keeps.

    Raises:
        DataRefusedError: the data cannot be used.
    """
    datasets.mkdir(parents=True, exist_ok=True)
    artifacts.sweep_leftovers(datasets)
    storage.fetch_newest(_KIND)  # a machine that has never run goes on as well
    inputs = inputs_of(sources.data, sources.ratings, sources.without, params.reject_share)
    found = _made_from(datasets, inputs)
    if found is not None:
        log.info("files, settings and code are those of data set %s", found.folder.name)
        folder = found.folder
    else:
        folder = _kept_or_refused(storage, sources, inputs, datasets, params, engine)
    storage.publish(f"{_KIND}/{folder.name}")
    artifacts.note_use(folder)
    return Chosen(open_dataset(folder), reused=found is not None)


def _kept_or_refused(
    storage: Storage,
    sources: Sources,
    inputs: Inputs,
    datasets: Path,
    params: IngestParams,
    engine: Engine,
) -> Path:
    try:
        return _ingest(sources, inputs, datasets, params, engine)
    except DataRefusedError:
        storage.add_files(_KIND)  # the rejected rows, for whoever looks into it
        log.info("what was rejected is kept in %s", storage.address(datasets))
        raise


def _made_from(datasets: Path, inputs: Inputs) -> Dataset | None:
    lying = (_finished(path.parent) for path in sorted(datasets.glob(f"*/{MANIFEST}")))
    made = (one for one in lying if one and one.manifest.inputs == inputs.fingerprint)
    return next(made, None)


def _finished(folder: Path) -> Dataset | None:
    """What lies in a folder, if this version can read it."""
    try:
        return open_dataset(folder) if (folder / MANIFEST).is_file() else None
    except PayloadError as error:
        log.warning("data set %s is of another version: %s", folder.name, error)
        return None


def _ingest(
    sources: Sources, inputs: Inputs, datasets: Path, params: IngestParams, engine: Engine
) -> Path:
    """Under the content hash: the same rows are kept once, whatever they were made from."""
    arriving = datasets / f"arriving-{os.getpid()}"
    shutil.rmtree(arriving, ignore_errors=True)
    try:
        made = ingest(sources.data, arriving, reject_share=params.reject_share, engine=engine,
                      without=sources.without, ratings=sources.ratings)  # fmt: skip
        target = datasets / made.hash[:16]
        named = _named(inputs, sources)
        lying = _finished(target)
        if lying:
            noted = replace(lying.manifest, watermark=made.watermark, inputs=named)
            note_manifest(target, noted)
        else:
            note_manifest(arriving, replace(made, inputs=named))
            shutil.rmtree(target, ignore_errors=True)
            arriving.rename(target)
    finally:
        shutil.rmtree(arriving, ignore_errors=True)
    return target


def _named(inputs: Inputs, sources: Sources) -> str:
    """The fingerprint, empty where files have changed while they were read."""
    if inputs.are_unchanged(sources.data, sources.ratings):
        return inputs.fingerprint
    log.warning("files have changed while they were read: the next run reads them again")
    return ""
