"""Reads everything a folder says about anime into one table, a row for each title."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from batch.ingest.layouts import SYNOPSIS, Layout
from batch.ingest.rejects import Reason, Reject, most_frequent_first, printable
from batch.ingest.sources import Source
from batch.ingest.tables import Record, records
from batch.ingest.titles import KAGGLE_2016, KAGGLE_2020, Title, title_of
from schemas.errors import DataRefusedError
from schemas.records import MAX_ANIME_ID, MAX_CATALOGUE

_NAMES: Final = pa.list_(pa.string())
SCHEMA: Final = pa.schema(
    [
        ("anime_id", pa.int32()),
        ("title", pa.string()),
        ("title_english", pa.string()),
        ("title_japanese", pa.string()),
        ("synonyms", _NAMES),
        ("type", pa.string()),
        ("year", pa.int16()),
        ("episodes", pa.int32()),
        ("genres", _NAMES),
        ("studios", _NAMES),
        ("source", pa.string()),
        ("adult", pa.bool_()),
        ("themes", _NAMES),
        ("demographics", _NAMES),
        ("tags", _NAMES),
        ("synopsis", pa.string()),
    ]
)
_INTEGER: Final = re.compile(r"-?[0-9]+(?:\.0)?")


@dataclass(frozen=True, slots=True)
class Keyed:
    """Rows of one file by anime id: of two with one id, the later."""

    file: str = ""
    rows: dict[int, Record] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)

    def values(self, anime_id: int) -> dict[str, str]:
        record = self.rows.get(anime_id)
        return record.values if record else {}

    @property
    def read(self) -> int:
        """All rows of the file, usable or not: each is either kept or rejected."""
        return len(self.rows) + len(self.rejects)

    @property
    def rejected(self) -> dict[str, int]:
        """Reason -> rows, the most frequent first."""
        return most_frequent_first(Counter(reject.reason.value for reject in self.rejects))


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Titles ascending by id, and the tables they were read from, the catalogue's own first."""

    titles: list[Title]
    tables: list[Keyed]

    @property
    def rejects(self) -> list[Reject]:
        return [reject for table in self.tables for reject in table.rejects]

    @property
    def rejected(self) -> dict[str, int]:
        """Reason -> rows of all tables, told apart from reasons for interactions."""
        counts = Counter(f"catalogue: {reject.reason}" for reject in self.rejects)
        return most_frequent_first(counts)


def read(layout: Layout) -> Catalogue:
    """Read the catalogue and the optional files beside it.

    Raises:
        DataRefusedError: a file is damaged, or there are too many titles.
    """
    spelling = KAGGLE_2016 if layout.name == "kaggle-2016" else KAGGLE_2020
    main = by_id(layout.catalogue, spelling.anime_id, spelling.title)
    tags, synopses = (
        by_id(source, "MAL_ID") if source else Keyed() for source in (layout.tags, layout.synopsis)
    )
    titles = [
        title_of(key, main.values(key), spelling, tags.values(key), _synopsis(synopses.values(key)))
        for key in sorted(main.rows)
    ]
    return Catalogue(titles, [table for table in (main, tags, synopses) if table.file])


def _synopsis(row: Mapping[str, str]) -> str:
    return next((row[name] for name in SYNOPSIS if name in row), "")


def by_id(source: Source, key: str, title: str | None = None) -> Keyed:
    """Read a table that has one row for each anime; `title` names a column never empty."""
    keyed = Keyed(source.path.name)
    for record in records(source):
        if isinstance(record, Reject):
            keyed.rejects.append(record)
        else:
            _keep(keyed, record, source, key, title)
        if len(keyed.rows) > MAX_CATALOGUE:
            raise DataRefusedError(f"{source.path.name} has more than {MAX_CATALOGUE} titles")
    keyed.rejects.sort(key=lambda reject: reject.line)
    return keyed


def _keep(keyed: Keyed, record: Record, source: Source, key: str, title: str | None) -> None:
    reason = _fault(record.values[key], record.values[title] if title else None)
    if reason is not None:
        keyed.rejects.append(_rejected(source, record, reason))
        return
    anime_id = int(float(record.values[key]))
    if anime_id in keyed.rows:
        keyed.rejects.append(_rejected(source, keyed.rows[anime_id], Reason.DUPLICATE_ID))
    keyed.rows[anime_id] = record


def _fault(anime_id: str, title: str | None) -> Reason | None:
    if not _INTEGER.fullmatch(anime_id):
        return Reason.BAD_ID
    if not 1 <= float(anime_id) <= MAX_ANIME_ID:
        return Reason.ID_OUT_OF_RANGE
    return Reason.EMPTY_TITLE if title == "" else None


def _rejected(source: Source, record: Record, reason: Reason) -> Reject:
    text = printable(",".join(record.values.values()))
    return Reject(source.path.name, record.line, reason, text)


def write(path: Path, titles: Iterable[Title]) -> None:
    rows = [asdict(title) for title in titles]
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), path, compression="zstd")


def read_ids(path: Path) -> NDArray[np.int32]:
    """The anime ids of a written catalogue, ascending."""
    ids: NDArray[np.int32] = pq.read_table(path, columns=["anime_id"])["anime_id"].to_numpy()
    return ids


def digest(titles: Iterable[Title]) -> bytes:
    """Hash titles in the order given."""
    hashed = hashlib.sha256()
    for title in titles:
        hashed.update(json.dumps(asdict(title), ensure_ascii=False).encode() + b"\n")
    return hashed.digest()
