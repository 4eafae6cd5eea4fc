"""From a rating over HTTP to a changed list over HTTP, with a worker as operators start it."""

import json
import signal
import subprocess
import time
from datetime import UTC, datetime
from urllib.request import urlopen

import pytest
from redis import Redis

from schemas import keys
from schemas.store import access
from schemas.store.waiting import GROUP
from tests.api_server import ask, serving
from tests.datasets import refreshed
from tests.redis_server import free_port
from tests.worker_process import start_worker

PATIENCE = 60.0
PATH = "/v1/users/7/recommendations?limit=40&franchise=all"


@pytest.fixture
def published(model, redis_url):
    refreshed(model, redis_url)
    return model / "artifacts"


def until(happened):
    started = time.monotonic()
    while not happened():
        assert time.monotonic() - started < PATIENCE
        time.sleep(0.05)


def test_a_rating_changes_the_list_and_sigterm_ends_the_worker(published, redis_url):
    port, metrics = free_port(), free_port()
    with Redis.from_url(redis_url) as client, serving(redis_url, port):
        _, key = access.create(client, "tests", datetime.now(UTC))
        process = start_worker(redis_url, published, "--metrics-port", metrics)
        try:
            until(lambda: client.exists(keys.STREAM) and client.xinfo_groups(keys.STREAM))
            status, _, _ = ask(
                port, "POST", "/v1/users/7/ratings", json.dumps({"anime_id": 3, "rating": 10}),
                {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
            )  # fmt: skip
            assert status == 202
            until(lambda: json.loads(ask(port, "GET", PATH)[1])["source"] == "refreshed")
            shown = json.loads(ask(port, "GET", PATH)[1])["items"]
            assert 3 not in [item["anime_id"] for item in shown]
            until(lambda: client.xpending(keys.STREAM, GROUP)["pending"] == 0)
            with urlopen(f"http://127.0.0.1:{metrics}/metrics", timeout=5) as answer:
                text = answer.read().decode()
            assert "anirec_worker_ratings_total 1.0" in text
            assert "anirec_worker_lag_seconds" in text

            process.send_signal(signal.SIGTERM)

            assert process.wait(PATIENCE) == 0
            assert client.xinfo_groups(keys.STREAM)[0]["consumers"] == 0
        finally:
            process.kill()
            process.wait()


@pytest.mark.parametrize(
    ("code", "said"), [(2, "--artifacts must be the folder"), (3, "the store is away")]
)
def test_a_worker_that_cannot_work_says_why(published, redis_url, tmp_path, code, said):
    url, artifacts = (redis_url, tmp_path) if code == 2 else ("redis://127.0.0.1:1", published)

    process = start_worker(url, artifacts, log=subprocess.PIPE)
    _, text = process.communicate(timeout=PATIENCE)

    assert process.returncode == code
    assert said in text.decode().splitlines()[-1]
