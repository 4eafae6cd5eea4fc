"""Cutting a data set into what a model may learn from and what it must find."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from batch.dataset import CATALOGUE, MANIFEST, Dataset, Histories, joined, open_dataset
from schemas import documents

_HELD_OUT: float = 0.2
_FEWEST_ROWS: int = 5
_NEWCOMERS: float = 0.1
_COLD_TITLES: float = 0.05
_FEWEST_RATINGS: int = 20


@dataclass(frozen=True, slots=True)
class Split:
    """`training` to learn from; then, user by user, what is `given` and what is to be found.

    `given`, `owned` and `hidden` have the same users in the same order. What is `owned`, given
    or not, is never a candidate. `cold` names the only candidates, by catalogue column; None:
    every title of the training rows is one.
    """

    training: Histories
    given: Histories
    owned: Histories
    hidden: Histories
    cold: NDArray[np.int32] | None = None


def hold_out(everybody: Histories, seed: int) -> Split:
    """Known users: of each with five rows or more, a random fifth is hidden."""
    hidden = _random_fifth(everybody, np.random.default_rng(seed))
    training = everybody.where(~hidden)
    return Split(training, training, training, everybody.where(hidden))


def newcomers(everybody: Histories, seed: int) -> Split:
    """Unknown users: a tenth of all are left out; a fifth of their rows is hidden."""
    random = np.random.default_rng(seed)
    new = random.random(len(everybody)) < _NEWCOMERS
    theirs = everybody.only(new)
    hidden = _random_fifth(theirs, random)
    given = theirs.where(~hidden)
    return Split(everybody.only(~new), given, given, theirs.where(hidden))


def cold_users(newcomers: Split, titles: int, seed: int, *, withheld_ranked: bool = False) -> Split:
    """The same newcomers with that many random titles given; the others are withheld.

    Withheld titles are owned all the same, so that the candidates are those of `newcomers` and
    nobody is blamed for a title that its user likes but neither gave nor hid. If they are to be
    ranked, as somebody would who does not know of them, each of them in a ranking is a miss.
    """
    random = np.random.default_rng([seed, titles])
    few = newcomers.given.places(random.random(len(newcomers.given.columns))) < titles
    given = newcomers.given.where(few)
    return replace(newcomers, given=given, owned=given if withheld_ranked else newcomers.given)


def cold_anime(everybody: Histories, anime: int, seed: int) -> Split:
    """Titles nobody has rated yet: all rows of one in twenty well-known titles are hidden.

    Well known are those with twenty ratings or more.
    """
    ratings = np.bincount(everybody.columns[everybody.ratings > 0], minlength=anime)
    known = np.flatnonzero(ratings >= _FEWEST_RATINGS)
    n = round(len(known) * _COLD_TITLES)
    cold = np.sort(np.random.default_rng(seed).permutation(known)[:n]).astype(np.int32)
    hidden = np.isin(everybody.columns, cold)
    training = everybody.where(~hidden)
    return Split(training, training, training, everybody.where(hidden), cold)


def _random_fifth(histories: Histories, random: np.random.Generator) -> NDArray[np.bool_]:
    """An exact share of each user's rows, rounded, shape (interactions,)."""
    lengths = np.diff(histories.starts)
    wanted = np.where(lengths >= _FEWEST_ROWS, np.rint(lengths * _HELD_OUT), 0)
    places = histories.places(random.random(len(histories.columns)))
    chosen: NDArray[np.bool_] = places < wanted[histories.rows]
    return chosen


def everybody_of(dataset: Dataset) -> Histories:
    """All users of a data set, by user id."""
    shards = list(dataset.shards())
    order = np.argsort(np.concatenate([shard.user_ids for shard in shards]))
    return _reordered(joined(shards), order)


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
