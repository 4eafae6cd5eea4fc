"""Ingest from end to end: a folder of files in, a finished data set out, or nothing at all."""

import logging
import shutil
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np

from batch.dataset import CATALOGUE, MANIFEST
from batch.engine import IN_PROCESS, Engine
from batch.ingest import blocks, catalogue, drained, layouts, rejects, reports, shards, transforms
from batch.ingest.catalogue import Catalogue
from batch.ingest.layouts import Layout
from batch.ingest.numbers import RowShape
from batch.ingest.reports import Tally
from batch.ingest.transforms import PIECES, SHARDS, Job
from batch.ratings.files import NONE_DRAINED, Drained
from schemas import documents
from schemas.errors import DataRefusedError, SettingsError
from schemas.manifests import DatasetManifest

REJECTS: Final = "rejects.csv"
ROWS_PER_SHARD: Final = 500_000
_MAX_SHARDS: Final = 2**16
_log = logging.getLogger(__name__)


def ingest(
    data: Path, out: Path, *, reject_share: float, engine: Engine = IN_PROCESS,
    rows_per_shard: int = ROWS_PER_SHARD, block_bytes: int = blocks.BLOCK_BYTES,
    without: Collection[int] = (), ratings: Drained = NONE_DRAINED,
) -> DatasetManifest:  # fmt: skip
    """Read `data` into the new folder `out`.

    Args:
        reject_share: the largest part of a file's rows that may be unusable, 0 to 1.
        without: users who asked to be forgotten; no usable row of theirs is kept.
        ratings: what came through the API; it counts where files say something else.

    Raises:
        DataRefusedError: the input cannot be used; nothing is left at `out`. Where too many
            rows are unusable, `<out>.rejects.csv` lists them.
        SettingsError: `out` is in use.
    """
    if not 0 <= reject_share <= 1:
        raise ValueError(f"reject_share must be from 0 to 1, got {reject_share}")
    layout = layouts.recognise(data)
    with _new_folder(out.absolute()) as work:
        _log.info("reading %s", layout.catalogue.path.name)
        known = _read_catalogue(layout, work)
        _require_titles(known, reject_share, work / REJECTS, out)
        job = _job(layout, ratings, work, rows_per_shard, block_bytes)
        np.save(job.without, np.array(sorted(without), np.int64))
        _log.info("reading %s, shards: %d", layout.interactions.path.name, job.shards)
        tally = _read_interactions(layout, ratings, job, engine)
        shutil.rmtree(job.spools)
        _require_usable(tally, reject_share, work / REJECTS, out)
        manifest = _manifest(layout, ratings, known, tally)
        (work / MANIFEST).write_text(documents.dump(manifest, indent=2) + "\n", encoding="utf-8")
    return manifest


@contextmanager
def _new_folder(out: Path) -> Iterator[Path]:
    """Give a folder to work in, which becomes `out` at the end and vanishes on an error."""
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        holds = "a data set" if (out / MANIFEST).exists() else "something else"
        raise SettingsError(f"out must be a new or empty folder, {out} holds {holds}")
    work = out.with_name(f".{out.name}.{uuid.uuid4().hex[:12]}.partial")
    work.mkdir(parents=True)
    try:
        yield work
        work.replace(out)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _read_catalogue(layout: Layout, work: Path) -> Catalogue:
    found = catalogue.read(layout)
    catalogue.write(work / CATALOGUE, found.titles)
    rejects.write(work / REJECTS, found.rejects)
    if found.rejects:
        _log.warning(
            "catalogue: %d titles, %d rows rejected", len(found.titles), len(found.rejects)
        )
    return found


def _require_titles(known: Catalogue, reject_share: float, rejected: Path, out: Path) -> None:
    for table in known.tables:
        unusable = len(table.rejects)
        if unusable > reject_share * table.read:
            share = _share(f"rows of {table.file}", unusable, table.read, reject_share)
            raise DataRefusedError(f"{share}: {_keep_aside(table.rejected, rejected, out)}")
    if not known.titles:
        _refuse_none(f"title in {known.tables[0].file}", known.tables[0].rejected, rejected, out)


def _share(rows: str, unusable: int, read: int, allowed: float) -> str:
    return (
        f"{unusable} of {read} {rows} ({unusable / read:.2%}) cannot be "
        f"used, more than the {allowed:.2%} allowed"
    )


def _refuse_none(what: str, counts: Mapping[str, int], rejected: Path, out: Path) -> None:
    kept = f": {_keep_aside(counts, rejected, out)}" if counts else ""
    raise DataRefusedError(f"there is no usable {what}{kept}")


def _job(
    layout: Layout, ratings: Drained, work: Path, rows_per_shard: int, block_bytes: int
) -> Job:
    shape = RowShape(layout.interactions.columns, layout.unscored)
    rows = blocks.estimate_rows(layout.interactions, shape) + drained.count_rows(ratings.files)
    shard_count = rows // rows_per_shard + 1
    spools = work / "spools"
    spools.mkdir()
    return Job(work, spools, shape, min(shard_count, _MAX_SHARDS), block_bytes)


def _read_interactions(layout: Layout, ratings: Drained, job: Job, engine: Engine) -> Tally:
    source = layout.interactions
    transforms.run(source, ratings.files, job, engine)
    tally = reports.read(job.spools / PIECES, job.spools / SHARDS)
    header_lines = 1 if source.start else 0
    parts = tally.parts(job.spools, source.path.name, header_lines)
    rejects.append(job.work / REJECTS, parts)
    return tally


def _require_usable(tally: Tally, reject_share: float, rejected: Path, out: Path) -> None:
    for piece in tally.pieces:
        if piece.refused:
            raise DataRefusedError(piece.refused)
    unusable = sum(tally.rejected.values())
    if unusable > reject_share * tally.read:
        share = _share("interaction rows", unusable, tally.read, reject_share)
        raise DataRefusedError(f"{share}: {_keep_aside(tally.rejected, rejected, out)}")
    if not tally.rows:
        _refuse_none("interaction row", tally.rejected, rejected, out)


def _keep_aside(counts: Mapping[str, int], rejected: Path, out: Path) -> str:
    kept = out.with_name(f"{out.name}.rejects.csv")
    rejected.replace(kept)
    reasons = ", ".join(f"{reason} {n}" for reason, n in counts.items())
    return f"{reasons}; {kept} lists them"


def _manifest(layout: Layout, ratings: Drained, known: Catalogue, tally: Tally) -> DatasetManifest:
    _log.info(
        "interactions: %d rows read, %d kept, %d replaced by later rows, %d rejected",
        tally.read, tally.rows, tally.replaced, sum(tally.rejected.values()),
    )  # fmt: skip
    return DatasetManifest(
        hash=shards.content_hash(tally.rows, tally.digest, catalogue.digest(known.titles)),
        layout=layout.name,
        users=tally.users,
        anime=len(known.titles),
        rows=tally.rows,
        shards=[shard.name for shard in tally.shards],
        rejected={**tally.rejected, **known.rejected},
        sources=layout.sources,
        watermark="{}-{}".format(*ratings.watermark) if ratings.files else "",
    )
