"""Reading what ingest wrote: the catalogue, and users' histories shard by shard."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from schemas import documents
from schemas.errors import DataRefusedError
from schemas.manifests import DatasetManifest
from schemas.records import Anime, AnimeId

MANIFEST: Final = "manifest.json"
CATALOGUE: Final = "catalogue.parquet"


@dataclass(frozen=True, slots=True)
class Histories:
    """Some users' interactions, user after user, each user's columns ascending.

    Row u of `user_ids` (users,) owns the interactions from `starts[u]` to `starts[u + 1]`;
    `columns`, `ratings` (0: none given) and `statuses` have shape (interactions,).
    """

    user_ids: NDArray[np.int64]
    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    ratings: NDArray[np.int8]
    statuses: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.user_ids)

    @property
    def rows(self) -> NDArray[np.int64]:
        """For each interaction the row of its user, shape (interactions,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    def block(self, start: int, stop: int) -> "Histories":
        """The users from row `start` up to `stop`."""
        first, last = self.starts[start], self.starts[min(stop, len(self))]
        part = slice(first, last)
        return Histories(
            self.user_ids[start:stop],
            self.starts[start : stop + 1] - first,
            self.columns[part],
            self.ratings[part],
            self.statuses[part],
        )

    def blocks(self, users: int) -> Iterator["Histories"]:
        """Cut into blocks of `users` users; the last one may be smaller."""
        return (self.block(start, start + users) for start in range(0, len(self), users))

    def where(self, keep: NDArray[np.bool_]) -> "Histories":
        """Keep some interactions, shape (interactions,), and every user."""
        kept = np.concatenate(([0], np.cumsum(keep)))
        starts = kept[self.starts]
        return Histories(
            self.user_ids, starts, self.columns[keep], self.ratings[keep], self.statuses[keep]
        )

    def only(self, chosen: NDArray[np.bool_]) -> "Histories":
        """Keep some users, shape (users,), with all they have."""
        kept = self.where(chosen[self.rows])
        starts = np.concatenate(([0], np.cumsum(np.diff(kept.starts)[chosen])))
        return replace(kept, user_ids=kept.user_ids[chosen], starts=starts)

    def places(self, keys: NDArray[np.float64]) -> NDArray[np.int64]:
        """Each interaction's place, from 0, among its user's in ascending order of the keys."""
        rows = self.rows
        places = np.empty(len(rows), np.int64)
        places[np.lexsort((keys, rows))] = np.arange(len(rows)) - self.starts[:-1][rows]
        return places


def joined(parts: Sequence[Histories]) -> Histories:
    """The users of all parts, one part after the other; at least one part is needed."""
    lengths = np.concatenate([np.diff(one.starts) for one in parts])
    return Histories(
        np.concatenate([one.user_ids for one in parts]),
        np.concatenate(([0], np.cumsum(lengths))),
        np.concatenate([one.columns for one in parts]),
        np.concatenate([one.ratings for one in parts]),
        np.concatenate([one.statuses for one in parts]),
    )


@dataclass(frozen=True)
class Dataset:
    """A finished data set in a folder."""

    folder: Path
    manifest: DatasetManifest

    def __reduce__(self) -> tuple[Callable[[Path], "Dataset"], tuple[Path]]:
        """Travel with a Beam graph by name: a manifest lists shards, and so grows with users."""
        return open_dataset, (self.folder,)

    @cached_property
    def table(self) -> pa.Table:
        """The catalogue with everything ingest knows; the row is the column of matrices."""
        return pq.read_table(self.folder / CATALOGUE)

    @cached_property
    def anime_ids(self) -> NDArray[np.int32]:
        """Ascending, shape (anime,)."""
        ids: NDArray[np.int32] = self.table["anime_id"].to_numpy()
        return ids

    def catalogue(self) -> list[Anime]:
        """What people see of each title, in column order."""
        names = [name for name in self.table.column_names if name in Anime.__dataclass_fields__]
        return [_anime(row) for row in self.table.select(names).to_pylist()]

    def shard(self, name: str) -> Histories:
        """Read one shard."""
        table = pq.read_table(self.folder / name)
        users, ids, ratings, statuses = (
            table[column].to_numpy() for column in ("user_id", "anime_id", "rating", "status")
        )
        user_ids, firsts = np.unique(users, return_index=True)
        starts = np.append(firsts, len(users)).astype(np.int64)
        columns = np.searchsorted(self.anime_ids, ids).astype(np.int32)
        return Histories(user_ids, starts, columns, ratings, statuses)

    def shards(self) -> Iterator[Histories]:
        """All users, shard after shard."""
        return (self.shard(name) for name in self.manifest.shards)


def _anime(row: dict[str, Any]) -> Anime:
    row["anime_id"] = AnimeId(row["anime_id"])
    lists = {name: tuple(value) for name, value in row.items() if isinstance(value, list)}
    return Anime(**row | lists)


def note_manifest(folder: Path, noted: DatasetManifest) -> None:
    """Say something else of a data set, in one step: later ratings might have made the same."""
    part = folder / f".{MANIFEST}.part"
    part.write_text(documents.dump(noted, indent=2) + "\n", encoding="utf-8")
    part.replace(folder / MANIFEST)


def open_dataset(folder: Path) -> Dataset:
    """Open a data set by its manifest.

    Raises:
        DataRefusedError: there is none, so nothing finished lies there.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise DataRefusedError(f"{folder} is not a finished data set: it has no {MANIFEST}")
    return Dataset(folder, documents.load(DatasetManifest, path.read_bytes()))
