"""The nightly job on a portable runner with worker processes."""

import pytest
from redis import Redis

from tests import portable
from tests.datasets import refreshed
from tests.emulators import NOT_TRIED
from tests.generations import live_values
from tests.redis_server import start


@pytest.fixture(params=portable.RUNNERS)
def engine(request, tmp_path):
    if lacking := portable.missing(request.param):
        pytest.skip(f"{NOT_TRIED}: {lacking}")
    with portable.RUNNERS[request.param](tmp_path) as found:
        yield found


@pytest.fixture
def other_redis(tmp_path):
    (tmp_path / "o").mkdir()
    server = start(tmp_path / "o")
    with Redis.from_url(server.url) as client:
        yield client, server.url
    server.stop()


def test_worker_processes_publish_the_very_bytes_of_a_run_in_process(
    tmp_path, redis_url, client, other_redis, engine
):
    there, url = other_redis
    refreshed(tmp_path / "here", redis_url)
    refreshed(tmp_path / "there", url, engine=engine)

    assert live_values(there) == live_values(client)
    assert "Starting worker" in (tmp_path / "python.log").read_text()
