"""Cutting a data set into what a model may learn from and what it must find."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from batch.dataset import CATALOGUE, MANIFEST, Dataset, Histories, open_dataset
from schemas import documents

_HELD_OUT: float = 0.2
_FEWEST_ROWS: int = 5
_NEWCOMERS: float = 0.1


@dataclass(frozen=True, slots=True)
class Split:
    """`training` to learn from; then, user by user, what is `given` and what is to be found.

    `given` and `hidden` have the same users in the same order.
    """

    training: Histories
    given: Histories
    hidden: Histories


def hold_out(everybody: Histories, seed: int) -> Split:
    """Known users: of each with five rows or more, a random fifth is hidden."""
    hidden = _random_fifth(everybody, np.random.default_rng(seed))
    training = everybody.where(~hidden)
    return Split(training, training, everybody.where(hidden))


def newcomers(everybody: Histories, seed: int) -> Split:
    """Unknown users: a tenth of all are left out; a fifth of their rows is hidden."""
    random = np.random.default_rng(seed)
    new = random.random(len(everybody)) < _NEWCOMERS
    theirs = _users(everybody, new)
    hidden = _random_fifth(theirs, random)
    return Split(_users(everybody, ~new), theirs.where(~hidden), theirs.where(hidden))


def _random_fifth(histories: Histories, random: np.random.Generator) -> NDArray[np.bool_]:
    """An exact share of each user's rows, rounded, shape (interactions,)."""
    rows, lengths = histories.rows, np.diff(histories.starts)
    order = np.lexsort((random.random(len(rows)), rows))
    places = np.empty(len(rows), np.int64)
    places[order] = np.arange(len(rows)) - histories.starts[:-1][rows]
    wanted = np.where(lengths >= _FEWEST_ROWS, np.rint(lengths * _HELD_OUT), 0)
    chosen: NDArray[np.bool_] = places < wanted[rows]
    return chosen


def _users(histories: Histories, chosen: NDArray[np.bool_]) -> Histories:
    kept = histories.where(chosen[histories.rows])
    starts = np.concatenate(([0], np.cumsum(np.diff(kept.starts)[chosen])))
    return replace(kept, user_ids=kept.user_ids[chosen], starts=starts)


def everybody_of(dataset: Dataset) -> Histories:
    """All users of a data set, by user id."""
    shards = list(dataset.shards())
    order = np.argsort(np.concatenate([shard.user_ids for shard in shards]))
    return _reordered(_joined(shards), order)


def _joined(shards: Iterable[Histories]) -> Histories:
    parts = list(shards)
    lengths = np.concatenate([np.diff(one.starts) for one in parts])
    return Histories(
        np.concatenate([one.user_ids for one in parts]),
        np.concatenate(([0], np.cumsum(lengths))),
        *(
            np.concatenate([getattr(one, name) for one in parts])
            for name in ("columns", "ratings", "statuses")
        ),
    )


def _reordered(histories: Histories, order: NDArray[np.int64]) -> Histories:
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    rows = np.argsort(rank[histories.rows], kind="stable")
    starts = np.concatenate(([0], np.cumsum(np.diff(histories.starts)[order])))
    return Histories(
        histories.user_ids[order],
        starts,
        histories.columns[rows],
        histories.ratings[rows],
        histories.statuses[rows],
    )


def write_training(source: Dataset, training: Histories, folder: Path) -> Dataset:
    """Write training rows as a data set of their own, so that the product trains on them."""
    folder.mkdir(parents=True)
    table = pa.table(
        {
            "user_id": training.user_ids[training.rows],
            "anime_id": source.anime_ids[training.columns],
            "rating": training.ratings,
            "status": training.statuses,
        }
    )
    name = "interactions-00000.parquet"
    pq.write_table(table, folder / name)
    pq.write_table(source.table, folder / CATALOGUE)
    users = int(np.count_nonzero(np.diff(training.starts)))
    manifest = replace(source.manifest, users=users, rows=len(training.columns), shards=[name])
    (folder / MANIFEST).write_text(documents.dump(manifest), encoding="utf-8")
    return open_dataset(folder)
