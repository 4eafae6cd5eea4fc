"""The nightly pipeline: shards of users and blocks of titles in, payloads in Redis out."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Final

import apache_beam as beam
from apache_beam.utils.shared import Shared

from batch import artifacts
from batch.catalogue import catalogue_of
from batch.dataset import Dataset, Histories
from batch.encoding import encode_histories
from batch.engine import Engine, save_json
from batch.neighbour_lists import neighbour_lists
from batch.neighbour_transforms import load_pool, make_pool
from batch.neighbours import Pool
from batch.params import ListParams
from batch.publish.sink import Chunk, Sample, WriteToRedis, Written
from batch.rules import ProductRules
from batch.scoring import BLOCK, Model
from batch.shard_transforms import EachShard
from batch.threads import in_threads
from batch.title_lists import influence_rows, similar_lists
from batch.user_lists import user_lists
from schemas import keys
from schemas.chunks import chunks
from schemas.product_order import facts_of
from schemas.records import Generation

USERS, HISTORIES, NEIGHBOURS, SIMILAR, INFLUENCE = "u", "h", "n", "a", "i"
"""Families of keys.prefix."""
_TITLES: Final = 16 * BLOCK
"""Titles in one element of the pipeline."""


@dataclass(frozen=True)
class Job:
    """Everything a worker needs to know; small, since it travels with the graph.

    `pool` is where the pool of neighbours is put, in a folder that is deleted after the run.
    """

    generation: Generation
    dataset: Dataset
    model_folder: Path
    store: str
    lists: ListParams
    pool: Path

    def load(self) -> "Tools":
        """Read what ranking takes, once per process."""
        rules = ProductRules(facts_of(catalogue_of(self.dataset, self.model_folder)))
        return Tools(artifacts.load_model(self.model_folder), rules, self.pool)


@dataclass(frozen=True)
class Tools:
    """What a process loads once: what it ranks with, and the pool of neighbours when needed."""

    model: Model
    rules: ProductRules
    pool_path: Path

    @cached_property
    def pool(self) -> Pool:
        return load_pool(self.pool_path)


@dataclass(frozen=True, slots=True)
class Total:
    """What one family got: keys and payload bytes."""

    keys: int = 0
    size: int = 0


def write_lists(engine: Engine, job: Job, samples: int, report: Path) -> None:
    """Rank everything and write it; what was written is summed up as JSON in `report`."""
    anime = len(job.dataset.anime_ids)
    shared = Shared()
    make_pool(engine, job.dataset, partial(_model, job, shared), job.lists.neighbour_pool, job.pool)

    def build(pipeline: beam.Pipeline) -> object:
        users = (
            pipeline
            | "Shards" >> EachShard(job.dataset)
            | "Rank users" >> beam.ParDo(_Rank(job, shared, _user_chunks))
            | "Write users" >> WriteToRedis(job.store, job.generation)
        )
        titles = (
            pipeline
            | "Titles" >> beam.Create(list(range(0, anime, _TITLES)))
            | "Spread titles" >> beam.Reshuffle()
            | "Rank titles" >> beam.ParDo(_Rank(job, shared, _title_chunks))
            | "Write titles" >> WriteToRedis(job.store, job.generation)
        )
        # Each writes for itself: a runner keeps all that flows into a flatten.
        return (
            (users, titles)
            | beam.Flatten()
            | "Sum up" >> beam.CombineGlobally(_SumUp(samples))
            | "Report" >> beam.Map(save_json, str(report))
        )

    engine.run(build)


def _tools(job: Job, shared: Shared) -> Tools:
    found: Tools = shared.acquire(job.load, tag=str(job.model_folder))
    return found


def _model(job: Job, shared: Shared) -> Model:
    return _tools(job, shared).model


class _Rank(beam.DoFn):
    """Shard names or block starts -> chunks; the tools are loaded once per process."""

    def __init__(self, job: Job, shared: Shared, make: Callable[..., Iterator[Chunk]]) -> None:
        self._job, self._shared, self._make = job, shared, make

    def setup(self) -> None:
        self._tools = _tools(self._job, self._shared)

    def process(self, element: str | int) -> Iterator[Chunk]:
        yield from self._make(self._job, self._tools, element)


def _user_chunks(job: Job, tools: Tools, shard: str) -> Iterator[Chunk]:
    histories = job.dataset.shard(shard)
    ids = histories.user_ids.tolist()
    find = partial(_find_neighbours, tools, job.lists)
    nearest = _flat(in_threads(find, histories.blocks(BLOCK)))
    yield from _chunked(job, NEIGHBOURS, zip(ids, nearest, strict=True))
    rank = partial(_rank_block, tools, job.lists)
    lists = _flat(in_threads(rank, histories.blocks(BLOCK)))
    yield from _chunked(job, USERS, zip(ids, lists, strict=True), counted=True)
    yield from _chunked(job, HISTORIES, zip(ids, encode_histories(histories), strict=True))


def _rank_block(tools: Tools, lists: ListParams, histories: Histories) -> list[bytes]:
    return list(user_lists(tools.model, tools.rules, histories, lists))


def _find_neighbours(tools: Tools, lists: ListParams, histories: Histories) -> list[bytes]:
    return list(neighbour_lists(tools.model, tools.pool, histories, lists.neighbours))


def _title_chunks(job: Job, tools: Tools, first: int) -> Iterator[Chunk]:
    model = tools.model
    last = min(first + _TITLES, model.anime)
    ids = job.dataset.anime_ids[model.columns[first:last]].tolist()
    for family, rank in ((SIMILAR, similar_lists), (INFLUENCE, influence_rows)):
        blocks = ((start, min(start + BLOCK, last)) for start in range(first, last, BLOCK))
        rows = _flat(in_threads(partial(_rank_titles, rank, model, job.lists), blocks))
        yield from _chunked(job, family, zip(ids, rows, strict=True))


def _rank_titles(
    rank: Callable[..., Iterator[bytes]], model: Model, lists: ListParams, block: tuple[int, int]
) -> list[bytes]:
    return list(rank(model, *block, lists))


def _chunked(
    job: Job, family: str, pairs: Iterable[tuple[int, bytes]], *, counted: bool = False
) -> Iterator[Chunk]:
    prefix = keys.prefix(job.generation, family)
    for chunk in chunks(pairs):
        payloads = {f"{prefix}{one}": payload for one, payload in chunk}
        yield Chunk(family, payloads, len(chunk) if counted else 0)


def _flat(lists: Iterable[list[bytes]]) -> Iterator[bytes]:
    return (payload for some in lists for payload in some)


class _SumUp(beam.CombineFn):
    """Written -> {"totals": {family: Total}, "samples": [Sample]}, samples bounded."""

    def __init__(self, samples: int) -> None:
        self._samples = samples

    def create_accumulator(self) -> tuple[dict[str, Total], list[Sample]]:
        return {}, []

    def add_input(
        self, accumulator: tuple[dict[str, Total], list[Sample]], written: Written
    ) -> tuple[dict[str, Total], list[Sample]]:
        one = {written.family: Total(written.keys, written.size)}
        return self.merge_accumulators((accumulator, (one, list(written.samples))))

    def merge_accumulators(
        self, accumulators: Iterable[tuple[dict[str, Total], list[Sample]]]
    ) -> tuple[dict[str, Total], list[Sample]]:
        totals: dict[str, Total] = {}
        samples: list[Sample] = []
        for found, some in accumulators:
            samples = sorted(samples + some)[: self._samples]
            for family, total in found.items():
                before = totals.get(family, Total())
                totals[family] = Total(before.keys + total.keys, before.size + total.size)
        return totals, samples

    def extract_output(
        self, accumulator: tuple[dict[str, Total], list[Sample]]
    ) -> dict[str, object]:
        totals, samples = accumulator
        return {
            "totals": {family: asdict(total) for family, total in totals.items()},
            "samples": [asdict(sample) for sample in samples],
        }
