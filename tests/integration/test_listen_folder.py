"""`anirec listen --folder`, as a person without a cloud starts it."""

import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis

from batch.storage.data import announce
from schemas import keys
from schemas.store.control import Control
from tests.datasets import write_kaggle

SECONDS = 120
PARAMS = """
validation: {user_share: 0.5, row_share: 0.3}
people: {factors: 8, epochs: 2}
content: {factors: 8, epochs: 1, steps: 4}
ranker: {hidden: 4, epochs: 1}
publish: {verify_sample: 20}
"""


@pytest.fixture
def listen(tmp_path, redis_url):
    (tmp_path / "params.yaml").write_text(PARAMS)
    (tmp_path / "incoming").mkdir()

    def run():
        command = [
            sys.executable, "-m", "jobs.cli", "listen", "--folder", "incoming", "--once",
            "--wait", "1", "--store", redis_url, "--tracking", "off",
        ]  # fmt: skip
        return subprocess.run(
            command, cwd=tmp_path, env={"PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True, text=True, check=False, timeout=SECONDS,
        )  # fmt: skip

    return run


def live(client):
    pointer = Control(client).pointer()
    return pointer and pointer.live[0].generation


def test_a_data_set_is_refreshed_once_it_is_announced_and_once_only(listen, client, tmp_path):
    folder = write_kaggle(tmp_path / "incoming" / "monday")
    assert "no data set was announced" in listen().stdout
    announce(folder)

    done = listen()

    assert done.returncode == 0, done.stderr
    first = live(client)
    assert client.exists(keys.manifest(first))
    assert "no data set was announced" in listen().stdout
    assert live(client) == first


def test_a_refused_data_set_is_said_once_and_not_tried_again(listen, client: Redis, tmp_path):
    announce(write_kaggle(tmp_path / "incoming", lines=["1,9999,7,2,1"] * 30))

    done = listen()

    assert done.returncode == 4, done.stderr
    assert "is given up: DataRefusedError" in done.stderr
    assert "no data set was announced" in listen().stdout
    assert live(client) is None
