"""A real Redis for integration tests: one server for the session, emptied before each test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.redis_server import RedisServer, start


@pytest.fixture(scope="session")
def start_redis() -> Callable[[Path], RedisServer]:
    """Starts another server in a folder; whoever starts one stops it."""
    return start


@pytest.fixture(scope="session")
def _session_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = start(tmp_path_factory.mktemp("r"))
    yield server.url
    server.stop()


@pytest.fixture
def redis_url(_session_redis: str) -> str:
    """Address of a real, empty Redis."""
    with Redis.from_url(_session_redis) as client:
        client.flushall()
    return _session_redis
