"""A real Redis that keeps nothing, for tests and benchmarks."""

import socket as socket_module
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


def start(folder: Path, **options: object) -> RedisServer:
    """Start one; options are redis.conf's, with _ for -. The socket answers without TLS."""
    socket = folder / "s"  # short: the path of a unix socket holds about a hundred characters
    every = {"port": 0, "unixsocket": socket, "dir": folder, "save": "", "appendonly": "no"}
    every |= {name.replace("_", "-"): value for name, value in options.items()}
    arguments = [str(part) for name, value in every.items() for part in (f"--{name}", value)]
    process = subprocess.Popen([str(redis_binary()), *arguments], stdout=subprocess.DEVNULL)
    server = RedisServer(process, f"unix://{socket}")
    _wait_until_it_answers(server, str(options.get("requirepass", "")))
    return server


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket_module.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(server: RedisServer, password: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    with Redis.from_url(server.url, password=password or None) as client:
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
