"""Writes the four files of a sample, whole or not at all."""

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import numpy as np
import pyarrow as pa
from pyarrow.csv import CSVWriter, WriteOptions

from batch.sample import layout
from batch.sample.features import Features
from batch.sample.tally import Tally
from batch.sample.taste import BLOCK_USERS, Interactions, simulate
from batch.sample.title import Title

ANIME = "anime.csv"
SYNOPSIS = "anime_with_synopsis.csv"
TAGS = "anime_tags.csv"
INTERACTIONS = "animelist.csv"
FILES = (ANIME, SYNOPSIS, TAGS, INTERACTIONS)

_SCHEMA = pa.schema(
    [
        ("user_id", pa.int64()),
        ("anime_id", pa.int64()),
        ("rating", pa.int64()),
        ("watching_status", pa.int64()),
        ("watched_episodes", pa.int64()),
    ]
)


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """A hidden folder inside ``out`` whose files move up into it when all went well."""
    out.mkdir(parents=True, exist_ok=True)
    stage = out / f".sample-{uuid4().hex}"
    stage.mkdir()
    try:
        yield stage
        for name in FILES:
            os.replace(stage / name, out / name)
    finally:
        for name in FILES:
            (stage / name).unlink(missing_ok=True)
        stage.rmdir()


def write_interactions(
    path: Path, features: Features, users: int, seed: int, progress: Callable[[int], None]
) -> Tally:
    """Streams block by block; memory does not grow with the number of users."""
    tally = Tally(features.anime_ids.size)
    with path.open("wb") as file:
        file.write((",".join(_SCHEMA.names) + "\n").encode())
        with CSVWriter(file, _SCHEMA, write_options=WriteOptions(include_header=False)) as writer:
            for first in range(0, users, BLOCK_USERS):
                number = min(BLOCK_USERS, users - first)
                rows = _of_first(number, simulate(features, seed, first // BLOCK_USERS))
                writer.write_batch(_batch(rows, features, first))
                tally.add(rows)
                progress(number)
    return tally


def write_catalogue(folder: Path, titles: Sequence[Title], tally: Tally) -> None:
    _write(folder / ANIME, layout.ANIME_COLUMNS, layout.anime_rows(titles, tally))
    _write(folder / SYNOPSIS, layout.SYNOPSIS_COLUMNS, layout.synopsis_rows(titles, tally))
    _write(folder / TAGS, layout.TAGS_COLUMNS, layout.tags_rows(titles))


def _of_first(number: int, rows: Interactions) -> Interactions:
    """A last block that is only partly wanted is made whole and cut: users stay the same."""
    end = int(np.searchsorted(rows.user, number))
    return Interactions(
        user=rows.user[:end],
        column=rows.column[:end],
        rating=rows.rating[:end],
        status=rows.status[:end],
        watched=rows.watched[:end],
    )


def _batch(rows: Interactions, features: Features, first: int) -> pa.RecordBatch:
    columns = [
        rows.user + first + 1,
        features.anime_ids[rows.column],
        rows.rating,
        rows.status,
        rows.watched,
    ]
    return pa.record_batch([pa.array(column) for column in columns], schema=_SCHEMA)


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
