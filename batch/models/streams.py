"""Users in random batches, shard after shard, dense: what Keras trains on."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from batch.models.legs import Training

_STEPS: Final = 8


def batch_size(training: Training, wanted: int) -> int:
    """Small data sets still get eight steps an epoch."""
    return min(wanted, -(-training.users // _STEPS))


def user_batches(training: Training, wanted: int, seed: int) -> Iterator[NDArray[np.float32]]:
    """Strengths of shape (at most `wanted` users, rated), without end, in an order that the seed
    fixes; users who like nothing are left out.
    """
    random, size = np.random.default_rng(seed), batch_size(training, wanted)
    while True:
        waiting: list[csr_array] = []
        for shard in training.shards():
            waiting.append(_shuffled(shard, random))
            *full, rest = _cut(vstack(waiting, format="csr"), size)
            waiting = [rest]
            yield from (batch.toarray() for batch in full)
        yield from (batch.toarray() for batch in waiting if batch.shape[0])


def _shuffled(shard: csr_array, random: np.random.Generator) -> csr_array:
    used = np.flatnonzero(np.diff(shard.indptr))
    return shard[random.permutation(used)]


def _cut(rows: csr_array, size: int) -> list[csr_array]:
    return [rows[start : start + size] for start in range(0, rows.shape[0] + 1, size)]
