"""Beam shell of the neighbours: the pool of users that may be named, made once a data set.

It is made from the current data set at scoring time, never kept with a model: a model that is
reloaded for other data then cannot name anybody who is no longer in them.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import apache_beam as beam
import numpy as np
from numpy.typing import NDArray

from batch import neighbours
from batch.dataset import Dataset
from batch.engine import Engine
from batch.neighbours import Pool, pool_of
from batch.scoring import BLOCK, Model
from batch.shard_transforms import EachShard


def make_pool(
    engine: Engine, dataset: Dataset, model: Callable[[], Model], size: int, path: Path
) -> None:
    """Choose at most `size` users of a data set, place them, and save them for `load_pool`.

    `model` is called on each worker.
    Parts are written beside `path`: whoever made that folder deletes them with it.
    """

    def build(pipeline: beam.Pipeline) -> object:
        return (
            pipeline
            | "Shards" >> EachShard(dataset)
            | "Place users" >> beam.ParDo(_Place(dataset, model, size, str(path.parent)))
            | "Gather" >> beam.combiners.ToList()
            | "Join" >> beam.Map(_join, size, str(path))
        )

    engine.run(build)


def load_pool(path: Path) -> Pool:
    """Read what `make_pool` saved."""
    with np.load(path, allow_pickle=False) as found:
        return Pool(found["user_ids"], found["vectors"])


def load_pool_ids(path: Path) -> NDArray[np.int64]:
    """Who is in a pool, ascending, without their vectors."""
    with np.load(path, allow_pickle=False) as found:
        ids: NDArray[np.int64] = found["user_ids"]
        return ids


class _Place(beam.DoFn):
    """Shard name -> a file with its part of the pool: vectors stay off the graph."""

    def __init__(
        self, dataset: Dataset, model: Callable[[], Model], size: int, folder: str
    ) -> None:
        self._dataset, self._load, self._size, self._folder = dataset, model, size, folder

    def setup(self) -> None:
        self._model = self._load()

    def process(self, shard: str) -> Iterator[str]:
        histories = self._dataset.shard(shard)
        users = self._dataset.manifest.users
        picked = neighbours.chosen(histories.user_ids, users, self._size)
        strengths = self._model.strengths(histories)[np.flatnonzero(picked)]
        blocks = range(0, max(strengths.shape[0], 1), BLOCK)
        vectors = [self._model.user_vectors(strengths[start : start + BLOCK]) for start in blocks]
        path = f"{self._folder}/pool-{uuid4().hex}.npz"
        _save(Pool(histories.user_ids[picked], np.concatenate(vectors)), path)
        yield path


def _join(parts: list[str], size: int, path: str) -> None:
    pools = [load_pool(Path(part)) for part in parts]
    user_ids = np.concatenate([pool.user_ids for pool in pools])
    _save(pool_of(user_ids, np.concatenate([pool.vectors for pool in pools]), size), path)


def _save(pool: Pool, path: str) -> None:
    np.savez(path, user_ids=pool.user_ids, vectors=pool.vectors)
