"""What travels with a graph: names, never users, rows or a model."""

from contextlib import suppress
from pathlib import Path

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from batch import signals
from batch.dataset import CATALOGUE, MANIFEST, open_dataset
from batch.engine import Engine
from batch.ingest import transforms
from batch.ingest.numbers import RowShape
from batch.ingest.sources import Format, Source
from batch.insights.tally_transforms import tally_users
from batch.params import ListParams, Params
from batch.pipeline import Job, write_lists
from batch.publish import verify
from batch.training_rows import RowSource
from batch.training_transforms import gram_matrix, title_statistics
from schemas import documents
from schemas.manifests import DatasetManifest
from schemas.records import Generation

MADE = Generation("20261124T020000Z")
ANIME = 40
USERS_PER_SHARD = 2_500


class Recorder(Engine):
    """Builds graphs and notes their sizes; runs nothing, so nothing is there to be read."""

    def __init__(self):
        super().__init__()
        object.__setattr__(self, "sizes", [])

    def run(self, build):
        pipeline = beam.Pipeline("FnApiRunner")
        build(pipeline)
        self.sizes.append(len(pipeline.to_runner_api().SerializeToString()))


def dataset(folder, shards):
    folder.mkdir()
    titles = pa.table({"anime_id": pa.array(range(1, ANIME + 1), pa.int32())})
    pq.write_table(titles, folder / CATALOGUE)
    names = [f"users-{number:05}.parquet" for number in range(shards)]
    manifest = DatasetManifest("hash", "layout", shards * USERS_PER_SHARD, ANIME, 9, names)
    (folder / MANIFEST).write_text(documents.dump(manifest))
    return open_dataset(folder)


def publishing(engine, data):
    pool = Path("pool.npz")
    job = Job(MADE, data, Path("models/0123456789abcdef"), "redis://h", ListParams(), pool)
    write_lists(engine, job, 20, Path("written.json"))


def verifying(engine, data):
    verify.read_back(
        engine, data, Path("pool.npz"), "redis://h", MADE, None, Path("found.json")
    )  # fmt: skip


def counting(engine, data):
    title_statistics(engine, data, data.shard, Path("work"))


def learning(engine, data):
    table = signals.lookup(Params().strengths.table())
    positions = np.arange(ANIME, dtype=np.int32)
    rows = RowSource(data, table, positions, ANIME, Params().validation, hiding=True)
    gram_matrix(engine, rows, 0.25, Path("work"))


def tallying(engine, data):
    tally_users(engine, data, 16_384, Params().validation, Path("work"))


def reading(engine, data):
    """Of a file as large as the data set."""
    path = data.folder / "animelist.csv"
    path.write_bytes(b"1,1,10,2,1\n" * data.manifest.users)
    job = transforms.Job(Path("w"), Path("s"), RowShape(("user_id",), None), 1, block_bytes=100)
    transforms.run(Source(path, Format.CSV, ("user_id",)), (), job, engine)


def sizes(data, build):
    engine = Recorder()
    with suppress(FileNotFoundError):
        build(engine, data)
    return engine.sizes


BUILDS = [publishing, verifying, counting, learning, tallying, reading]


@pytest.mark.parametrize("build", BUILDS)
def test_a_graph_does_not_grow_with_users(tmp_path, build):
    few, many = dataset(tmp_path / "a", 2), dataset(tmp_path / "b", 1_000)

    found = sizes(few, build)

    assert found
    assert max(found) < 64 * 1024
    # Compressed, so a few bytes differ; a list of a thousand shards would take thousands.
    assert sizes(many, build) == pytest.approx(found, abs=500)
