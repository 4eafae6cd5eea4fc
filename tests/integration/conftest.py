"""What integration tests share: a real Redis, emptied before each test, and a model that fits."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from schemas.records import Generation
from tests.datasets import prepared, refreshed
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


@pytest.fixture
def client(redis_url: str) -> Iterator[Redis]:
    """A client of it."""
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with small data and a model that fits them: copy it before you change it."""
    return prepared(tmp_path_factory.mktemp("model"))


@pytest.fixture
def folder(tmp_path: Path, model: Path) -> Path:
    """A copy of its own."""
    return shutil.copytree(model, tmp_path / "run")


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, _session_redis: str
) -> tuple[Path, Generation, dict[bytes, bytes]]:
    """A folder with what a refresh left on disk, its generation, and all it left in Redis."""
    folder = prepared(tmp_path_factory.mktemp("site"))
    with Redis.from_url(_session_redis) as client:
        client.flushall()
        report = refreshed(folder, _session_redis)
        left = {key: client.dump(key) for key in client.scan_iter()}
    return folder, Generation(report.generation), left


@pytest.fixture
def stocked(client: Redis, site: tuple[Path, Generation, dict[bytes, bytes]]) -> Redis:
    """A store as that refresh left it."""
    for key, payload in site[2].items():
        client.restore(key, 0, payload)
    return client
