"""A refresh, as a process of its own, that ends in the middle of a stage, and the next one."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import yaml
from redis import Redis

from batch.dataset import open_dataset
from batch.params import GateParams
from batch.reuse import models_in
from schemas import keys
from schemas.records import Generation
from schemas.runs import Outcome
from schemas.store import runs
from schemas.store.control import Control
from schemas.store.register import Register
from tests.datasets import SMALL, prepared, refreshed, rows, write_kaggle

TOP = Path(__file__).parents[2]
REFRESH = """
import os, signal, sys, time

times = []


def end(*_, **__):
    if not times:
        times.append(1)
        {how}


def also(there, name):
    before = getattr(there, name)
    setattr(there, name, lambda *them, **named: (end(), before(*them, **named))[1])


{where}
from jobs import cli

cli.main()
"""
WHERE = {
    "ingest": "from batch.ingest import shards; also(shards, 'resolve')",
    "train": """
from jobs import display
before = display._Lines.__call__
display._Lines.__call__ = lambda self, stage, *them, **named: (
    end() if stage == "people" else None, before(self, stage, *them, **named))[1]
""",
    "score": "from batch import pipeline; also(pipeline, 'encode_histories')",
    "verify": "from batch.publish import verify; also(verify, '_check_users')",
}
KILLED = "os.kill(os.getpid(), signal.SIGKILL)"
STOPPED = "os.kill(os.getpid(), signal.SIGTERM); time.sleep(1)"
LATE = "signal.setitimer(signal.ITIMER_REAL, 0.01); time.sleep(1)"
HOW = {
    "killed": (KILLED, -signal.SIGKILL, Outcome.LOST),
    "told to stop": (STOPPED, 1, Outcome.STOPPED),
    "at its deadline": (LATE, 3, Outcome.STOPPED),
}
REUSED = {
    "ingest": [], "train": ["dataset"], "score": ["dataset", "model"],
    "verify": ["dataset", "model"],
}  # fmt: skip
CASES = [(way, stage) for way in ("killed", "told to stop") for stage in WHERE]
CASES += [("at its deadline", stage) for stage in ("train", "score")]
PATIENCE = 120


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = prepared(tmp_path_factory.mktemp("interrupted"))
    easy = GateParams(ndcg_ratio=0.0, coverage_ratio=0.0, overlap=0.0)
    (folder / "params.yaml").write_text(yaml.safe_dump(asdict(replace(SMALL, gates=easy))))
    return folder


def refresh(folder, redis_url, how="pass", where=""):
    script = REFRESH.format(how=how, where=where)
    arguments = ["refresh", "--data", folder / "data", "--store", redis_url, "--json",
                 "--artifacts", folder / "artifacts", "--params", folder / "params.yaml",
                 "--tracking", "off", "--deadline", "3600"]  # fmt: skip
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], cwd=TOP, capture_output=True,
        env=os.environ | {"PYTHONPATH": str(TOP)}, check=False, timeout=PATIENCE,
    )  # fmt: skip


def live(client):
    return Control(client).pointer().live[0].generation


def payloads(client, generation):
    return {key: client.get(key) for key in client.scan_iter(keys.everything_of(generation))}


def unfinished(folder):
    artifacts = folder / "artifacts"
    return [path for name in (".*", "*/.*", "*/arriving-*") for path in artifacts.glob(name)]


def finished_are_whole(folder):
    for path in (folder / "artifacts" / "datasets").glob("*/manifest.json"):
        dataset = open_dataset(path.parent)
        assert sum(len(one.columns) for one in dataset.shards()) == dataset.manifest.rows
    return bool(list(models_in(folder / "artifacts" / "models")))


@pytest.mark.parametrize(("way", "stage"), CASES)
def test_a_refresh_that_ends_early_harms_nothing_and_the_next_one_goes_on(
    site, redis_url, client, way, stage
):
    how, code, outcome = HOW[way]
    first = refreshed(site, redis_url).generation
    before = payloads(client, first)
    # Rows that no other case has, so that nothing made of them lies there.
    extra = [f"7,{1 + list(HOW).index(way)},{1 + list(WHERE).index(stage)},2,1"]
    write_kaggle(site / "data", [*rows(), *extra])
    lying = unfinished(site)

    done = refresh(site, redis_url, how, WHERE[stage])

    assert done.returncode == code, done.stderr.decode()
    assert done.stdout == b""
    assert (live(client), payloads(client, first)) == (first, before)
    assert finished_are_whole(site)
    if way != "killed":
        assert unfinished(site) == lying
        assert [one.generation for one in Register(client).records()] == [first]
        assert set(client.scan_iter(keys.everything_of(Generation("*")))) == set(before)
    (run,) = runs.records(client)
    expire(client, run.id)
    (run,) = runs.records(client)
    assert (run.outcome, run.exit_code) == (outcome, None if way == "killed" else code)

    again = refresh(site, redis_url)

    assert again.returncode == 0, again.stderr.decode()
    newest, older = runs.records(client)
    assert (newest.outcome, newest.reused) == (Outcome.DONE, REUSED[stage])
    assert (older.id, older.outcome) == (run.id, outcome)
    assert newest.generation == live(client) == json.loads(again.stdout)["generation"]
    said = json.loads((site / "artifacts" / "runs" / "latest.json").read_bytes())["refresh"]
    assert said["run"] == said["success"] == json.loads(json.dumps(asdict(newest)))


def expire(client: Redis, run_id):
    """A minute has passed in which nobody heard of a run that claims to run."""
    if client.hexists(keys.RUNS_ALIVE, run_id):
        client.hset(keys.RUNS_ALIVE, run_id, 0)


HELD_UP = """
import threading
from jobs import cli


def work(*_, **__):
    threading.Thread(target=threading.Event().wait).start()
    raise {error}


cli.anirec.main = work
cli.main()
"""


@pytest.mark.parametrize(("error", "code"), [
    ("KeyboardInterrupt", 1), ("cli.click.UsageError('no')", 2), ("ZeroDivisionError('oh')", 1),
    ("TimeoutError(110, 'slow')", 1),
])  # fmt: skip
def test_a_command_that_does_not_end_well_waits_for_nobody(error, code):
    script = HELD_UP.format(error=error)

    done = subprocess.run([sys.executable, "-c", script], cwd=TOP, capture_output=True, check=False,
                          timeout=PATIENCE)  # fmt: skip

    assert done.returncode == code
    assert done.stderr
