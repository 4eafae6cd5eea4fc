"""The Beam shell of ingest: blocks to spooled rows, spooled rows to shards, reports to a file."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import PCollection, TaggedOutput
from apache_beam.transforms.combiners import ToList

from batch.dataset import CATALOGUE
from batch.engine import Engine
from batch.ingest import (
    blocks,
    catalogue,
    columnar,
    drained,
    interactions,
    rejects,
    reports,
    shards,
    spool,
)
from batch.ingest.blocks import Block, pieces
from batch.ingest.drained import DrainedBlock
from batch.ingest.interactions import Parsed
from batch.ingest.numbers import RowShape
from batch.ingest.rejects import Reason
from batch.ingest.reports import PieceReport, ShardReport
from batch.ingest.sources import Format, Source
from batch.ingest.spool import Spooled
from schemas.errors import DataRefusedError

PIECES = "pieces.json"
SHARDS = "shards.json"
_REPORTS: Final = "reports"
_Report: TypeAlias = TaggedOutput[Literal["reports"], PieceReport]


@dataclass(frozen=True, slots=True)
class Job:
    """What every worker needs to know; `work` and `spools` are folders they all see."""

    work: Path
    spools: Path
    shape: RowShape
    shards: int
    block_bytes: int

    @property
    def without(self) -> Path:
        """A file of the ids of users of whom nothing is kept: there may be many of them."""
        return self.spools / "without.npy"


def run(source: Source, ratings: Sequence[Path], job: Job, engine: Engine) -> None:
    """Run the whole graph and wait for it.

    Blocks are planned by a worker: a graph that listed them would grow with the data.
    """
    engine.run(
        lambda pipeline: (
            pipeline
            | beam.Create([source])
            | "Plan" >> beam.FlatMap(_plan, tuple(ratings), job.block_bytes)
            | IngestRows(job)
        )
    )


def _plan(source: Source, ratings: Sequence[Path], block_bytes: int) -> list[Block | DrainedBlock]:
    planned = blocks.plan(source, block_bytes)
    return [*planned, *drained.plan(ratings, len(planned))]


class IngestRows(beam.PTransform):
    """Block -> nothing: shard files and two reports in the job's folders are what remains."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job = job

    def expand(self, planned: PCollection) -> None:
        read = (
            planned
            | "Spread" >> beam.Reshuffle()
            | "Read" >> beam.ParDo(SpoolBlock(self._job)).with_outputs(_REPORTS, main="places")
        )
        resolved = (
            read.places
            | "ByShard" >> beam.GroupByKey()
            | "Resolve" >> beam.ParDo(ResolveShard(self._job))
        )
        _save("Pieces", read[_REPORTS], self._job.spools / PIECES)
        _save("Shards", resolved, self._job.spools / SHARDS)


def _save(label: str, made: PCollection, path: Path) -> None:
    # A report is small, and there are as many as blocks and shards: one worker can hold them.
    listed = made | f"List{label}" >> ToList()
    _ = listed | f"Save{label}" >> beam.Map(_write_reports, path)


def _write_reports(listed: list[PieceReport] | list[ShardReport], path: Path) -> None:
    reports.write(path, listed)


class SpoolBlock(beam.DoFn):
    """A block -> (shard, Spooled), and a PieceReport for each piece as tagged output."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def setup(self) -> None:
        self._known = catalogue.read_ids(self._job.work / CATALOGUE)
        self._without = np.load(self._job.without, allow_pickle=False)

    def process(self, block: Block | DrainedBlock) -> Iterator[tuple[int, Spooled] | _Report]:
        if isinstance(block, DrainedBlock):
            yield from self._spool_drained(block)
        else:
            yield from self._spool_data(block)

    def _spool_drained(self, block: DrainedBlock) -> Iterator[tuple[int, Spooled] | _Report]:
        rows = drained.read(block, self._known)
        yield from spool.write(self._job.spools, block.number, 0, rows, self._job.shards).items()
        yield TaggedOutput(_REPORTS, PieceReport(block.number, 0, rows=int(rows.users.size)))

    def _spool_data(self, block: Block) -> Iterator[tuple[int, Spooled] | _Report]:
        piece = -1
        try:
            for piece, (parsed, rejected) in enumerate(self._parse(block)):
                yield from self._spool(block, piece, parsed).items()
                yield self._report(block, piece, parsed, rejected)
        except DataRefusedError as error:
            # Runners pass errors on as text, so a refusal travels as a report.
            refused = PieceReport(block.number, piece + 1, refused=str(error))
            yield TaggedOutput(_REPORTS, refused)

    def _parse(self, block: Block) -> Iterator[tuple[Parsed, Iterable[tuple[int, Reason, str]]]]:
        shape, known = self._job.shape, self._known
        if block.format is Format.PARQUET:
            for batch in columnar.batches(block, shape):
                parsed = columnar.parse(batch, shape, known)
                yield parsed, columnar.reject_rows(parsed, batch)
        else:
            for data in pieces(block, self._job.block_bytes):
                parsed = interactions.parse(data, shape, known)
                yield parsed, interactions.reject_rows(parsed, data)

    def _spool(self, block: Block, piece: int, parsed: Parsed) -> dict[int, Spooled]:
        job, rows = self._job, parsed.rows
        rows = rows.take(~np.isin(rows.users, self._without)) if self._without.size else rows
        return spool.write(job.spools, block.number, piece, rows, job.shards)

    def _report(
        self, block: Block, piece: int, parsed: Parsed,
        rejected: Iterable[tuple[int, Reason, str]],
    ) -> _Report:  # fmt: skip
        name = f"{block.number:06d}-{piece:06d}.rejects" if parsed.rejected.size else ""
        if name:
            rejects.write_part(self._job.spools / name, rejected)
        rows = int(parsed.rows.users.size)
        report = PieceReport(block.number, piece, parsed.lines, rows, parsed.counts(), name)
        return TaggedOutput(_REPORTS, report)


class ResolveShard(beam.DoFn):
    """(shard, all its Spooled) -> ShardReport, with the shard's file written."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def process(self, element: tuple[int, Iterable[Spooled]]) -> Iterator[ShardReport]:
        shard, places = element
        read = spool.read(self._job.spools, places)
        rows = shards.resolve(read)
        name = f"interactions-{shard:05d}.parquet"
        spool.write_shard(self._job.work / name, rows)
        users = shards.count_users(rows)
        yield ShardReport(name, users, rows.users.size, read.users.size, shards.digest(rows))
