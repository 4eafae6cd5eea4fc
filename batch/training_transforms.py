"""Beam shells of training: sums over shards of title statistics and of the Gram matrix."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from uuid import uuid4

import apache_beam as beam
import numpy as np
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.timestamp import MIN_TIMESTAMP
from apache_beam.utils.windowed_value import WindowedValue

from batch.artifacts import read_statistics, save_statistics
from batch.dataset import Dataset, Histories
from batch.engine import Engine
from batch.models.gram import add_gram
from batch.shard_transforms import EachShard
from batch.statistics import TitleStatistics, none_of
from batch.training_rows import RowSource


def title_statistics(
    engine: Engine, dataset: Dataset, read: Callable[[str], Histories], work: Path
) -> TitleStatistics:
    """Count what users did with each title, over all shards, as `read` reads them."""
    path = work / "statistics.npz"
    anime = len(dataset.anime_ids)

    def build(pipeline: beam.Pipeline) -> object:
        return (
            pipeline
            | "Shards" >> EachShard(dataset)
            | "Count" >> beam.Map(_count, read, anime)
            | "Sum" >> beam.CombineGlobally(_sum_statistics, anime)
            | "Save" >> beam.Map(save_statistics, path)
        )

    engine.run(build)
    return read_statistics(path)


def _count(shard: str, read: Callable[[str], Histories], anime: int) -> TitleStatistics:
    return TitleStatistics.of(read(shard), anime)


def _sum_statistics(parts: Iterable[TitleStatistics], anime: int) -> TitleStatistics:
    return sum(parts, none_of(anime))


def gram_matrix(engine: Engine, rows: RowSource, damping: float, work: Path) -> np.ndarray:
    """The damped Gram matrix of the training rows, (rated, rated) float64, exact."""
    path = work / "gram.npy"

    def build(pipeline: beam.Pipeline) -> object:
        return (
            pipeline
            | "Shards" >> EachShard(rows.dataset)
            | "Add shards" >> beam.ParDo(_AddShards(rows, damping, str(work)))
            | "Gather" >> beam.combiners.ToList()
            | "Sum" >> beam.Map(_sum_files, str(path), rows.rated)
        )

    engine.run(build)
    return np.load(path, allow_pickle=False)


class _AddShards(beam.DoFn):
    """Shard names -> one file with their partial sum per bundle: matrices stay off the graph."""

    def __init__(self, rows: RowSource, damping: float, folder: str) -> None:
        self._rows, self._damping, self._folder = rows, damping, folder

    def start_bundle(self) -> None:
        self._total = np.zeros((self._rows.rated, self._rows.rated))

    def process(self, shard: str) -> None:
        add_gram(self._total, self._rows.training(shard), self._damping)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        path = f"{self._folder}/part-{uuid4().hex}.npy"
        np.save(path, self._total, allow_pickle=False)
        del self._total
        yield WindowedValue(path, MIN_TIMESTAMP, [GlobalWindow()])


def _sum_files(parts: list[str], path: str, size: int) -> None:
    if len(parts) == 1:
        Path(parts[0]).rename(path)
        return
    total = np.zeros((size, size))
    for part in parts:
        total += np.load(part, mmap_mode="r", allow_pickle=False)
    np.save(path, total, allow_pickle=False)
