"""Beam shell of the tally: shards to partial sums, in files, to one sum."""

from collections.abc import Iterator
from dataclasses import fields
from functools import reduce
from operator import add
from pathlib import Path
from typing import Final
from uuid import uuid4

import apache_beam as beam
import numpy as np
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.timestamp import MIN_TIMESTAMP
from apache_beam.utils.windowed_value import WindowedValue

from batch.dataset import Dataset, Histories
from batch.engine import Engine
from batch.insights.genres import genres_in
from batch.insights.tally import Tally, tally
from batch.params import ValidationParams
from batch.shard_transforms import EachShard
from batch.statistics import TitleStatistics

_PARTS: Final = {"statistics": TitleStatistics, "sample": Histories}
"""What of a tally is not one array."""


def tally_users(
    engine: Engine, dataset: Dataset, sample: int, params: ValidationParams, work: Path
) -> Tally:
    """Add up all users of a data set; `sample` of them are kept, about."""
    path = work / "tally.npz"

    def build(pipeline: beam.Pipeline) -> object:
        return (
            pipeline
            | "Shards" >> EachShard(dataset)
            | "Tally" >> beam.ParDo(_TallyShards(dataset, sample, params, str(work)))
            | "Gather" >> beam.combiners.ToList()
            | "Sum" >> beam.Map(_sum_files, str(path))
        )

    engine.run(build)
    return load(path)


class _TallyShards(beam.DoFn):
    """Shard names -> one file with their sum per bundle: matrices stay off the graph."""

    def __init__(
        self, dataset: Dataset, sample: int, params: ValidationParams, folder: str
    ) -> None:
        self._dataset, self._sample, self._params, self._folder = dataset, sample, params, folder

    def setup(self) -> None:
        self._genres = genres_in(self._dataset)

    def start_bundle(self) -> None:
        self._total: Tally | None = None

    def process(self, shard: str) -> None:
        users = self._dataset.manifest.users
        histories = self._dataset.shard(shard)
        part = tally(histories, self._genres, users, self._sample, self._params)
        self._total = part if self._total is None else self._total + part

    def finish_bundle(self) -> Iterator[WindowedValue]:
        if self._total is not None:
            path = f"{self._folder}/tally-{uuid4().hex}.npz"
            save(self._total, Path(path))
            yield WindowedValue(path, MIN_TIMESTAMP, [GlobalWindow()])
        self._total = None


def _sum_files(parts: list[str], path: str) -> None:
    save(reduce(add, (load(Path(part)) for part in parts)), Path(path))


def save(found: Tally, path: Path) -> None:
    """Write a tally as arrays."""
    arrays = {name: getattr(found, name) for name in _names(Tally) if name not in _PARTS}
    for part, kind in _PARTS.items():
        arrays |= {f"{part}.{name}": getattr(getattr(found, part), name) for name in _names(kind)}
    np.savez(path, **arrays)


def load(path: Path) -> Tally:
    """Read what `save` wrote."""
    with np.load(path, allow_pickle=False) as found:
        values = {name: found[name] for name in found.files if "." not in name}
        parts = {
            part: kind(**{name: found[f"{part}.{name}"] for name in _names(kind)})
            for part, kind in _PARTS.items()
        }
        return Tally(**values | parts | {"people": int(found["people"])})


def _names(kind: type) -> list[str]:
    return [one.name for one in fields(kind)]
