"""A small site on a real Redis, and `anirec` commands that are started on it as processes."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

import yaml
from redis import Redis

from schemas import keys
from schemas.records import Generation
from schemas.store.control import Control
from tests.datasets import SMALL, prepared, refreshed
from tests.redis_server import start

_START: Final = """
import os, sys, time
from pathlib import Path

import batch.backfill.run, batch.refresh, jobs.backfill, jobs.refresh
from jobs.cli import main

door = Path(sys.argv.pop(1))
door.with_name(f"{door.name}.{os.getpid()}").touch()
while not door.exists():
    time.sleep(0.002)
main()
"""
"""Ready to go before it is told to: what is imported takes longer than what is tried."""


@dataclass
class Site:
    """A folder with data, a model and parameters, and a store with a generation."""

    folder: Path
    url: str
    doors: Iterator[int] = field(default_factory=lambda: iter(range(1_000_000)))

    def ready(self, *commands: tuple[str, ...]) -> tuple[list[subprocess.Popen[str]], Path]:
        """Commands that wait at a door, a file, until somebody makes it."""
        door = self.folder / f"door-{next(self.doors)}"
        started = [self._start(door, one) for one in commands]
        while len(list(self.folder.glob(f"{door.name}.*"))) < len(started):
            if any(one.poll() is not None for one in started):
                raise RuntimeError("a command ended before it was told to begin")
        return started, door

    def _start(self, door: Path, command: tuple[str, ...]) -> subprocess.Popen[str]:
        said = [one.format(folder=self.folder) for one in command]
        store = ["--store", self.url, "--artifacts", str(self.folder / "artifacts")]
        params = ["--params", str(self.folder / "params.yaml")]
        return subprocess.Popen(
            [sys.executable, "-c", _START, str(door), *said, *store, *params],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def live(self) -> Generation:
        with Redis.from_url(self.url) as client:
            pointer = Control(client).pointer()
        assert pointer is not None
        return pointer.live[0].generation

    def generations(self) -> set[Generation]:
        """All that have keys."""
        with Redis.from_url(self.url) as client:
            found = client.scan_iter(keys.everything_of(Generation("*")), count=1000)
            return {keys.generation_of(key.decode()) for key in found}


@contextmanager
def small_site(lease_seconds: int) -> Iterator[Site]:
    """A site that is published, for as long as the block runs."""
    params = replace(SMALL, publish=replace(SMALL.publish, lease_seconds=lease_seconds))
    with tempfile.TemporaryDirectory(prefix="chaos-") as work:
        folder = prepared(Path(work))
        (folder / "r").mkdir()
        (folder / "params.yaml").write_text(yaml.safe_dump(asdict(params)))
        redis = start(folder / "r")
        try:
            refreshed(folder, redis.url)
            yield Site(folder, redis.url)
        finally:
            redis.stop()
