"""A real Redis that keeps nothing, for tests and benchmarks."""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from redis import Redis, RedisError

from jobs.embedded import redis_binary

START_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A running server that listens on a unix socket in its folder, and keeps nothing."""

    process: subprocess.Popen[bytes]
    url: str

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def start(folder: Path) -> RedisServer:
    socket = folder / "s"  # short: the path of a unix socket holds about a hundred characters
    options = {"port": 0, "unixsocket": socket, "dir": folder, "save": "", "appendonly": "no"}
    arguments = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
    process = subprocess.Popen([str(redis_binary()), *arguments], stdout=subprocess.DEVNULL)
    server = RedisServer(process, f"unix://{socket}")
    _wait_until_it_answers(server)
    return server


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
