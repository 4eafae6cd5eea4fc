"""`make bench-killed`: a refresh is killed in each stage and run again: what that saves.

Runs are timed by their own clocks (`seconds` in their records), Python's start left out.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from batch.sample import write_sample
from jobs.embedded import embedded_redis
from schemas.runs import Run, read

STAGES = ("ingest", "train", "score", "verify")
SAMPLE_USERS, SAMPLE_ANIME = 10_000, 4_000


class Refreshes:
    """Refreshes of one folder of data into one store, each as a process of its own."""

    def __init__(self, data: Path, store: str, work: Path) -> None:
        self._data, self._store, self._work = data, store, work

    def whole(self, artifacts: str) -> Run:
        """Run to the end."""
        with self._started(artifacts) as process:
            if process.wait():
                raise click.ClickException(f"a refresh failed: {self._work}/{artifacts}.log")
        return self._record(artifacts)

    def ended(self, artifacts: str, stage: str, after: float, how: signal.Signals) -> float:
        """End one some seconds into a stage; returns how long it then took to be gone."""
        before = set(STAGES[: STAGES.index(stage)])
        with self._started(artifacts) as process:
            while not self._has_begun(artifacts, before):
                if process.poll() is not None:
                    raise click.ClickException(f"a refresh failed: {self._work}/{artifacts}.log")
                time.sleep(0.02)
            time.sleep(after)
            process.send_signal(how)
            told = time.monotonic()
            if process.wait() == 0:
                raise click.ClickException(f"it ended before it was killed in {stage}")
            return time.monotonic() - told

    def left(self, artifacts: str) -> int:
        """Unfinished files and folders that a run left."""
        folder = self._work / artifacts
        return sum(1 for name in (".*", "*/.*", "*/arriving-*") for _ in folder.glob(name))

    def _has_begun(self, artifacts: str, before: set[str]) -> bool:
        records = (self._work / artifacts / "runs").glob("2*.json")
        found = [read(path.read_bytes()) for path in records]
        return any(run.generation and before <= set(run.seconds) for run in found)

    def _record(self, artifacts: str) -> Run:
        said = json.loads((self._work / artifacts / "runs" / "latest.json").read_bytes())
        return read(json.dumps(said["refresh"]["success"]))

    @contextmanager
    def _started(self, artifacts: str) -> Iterator[subprocess.Popen[bytes]]:
        command = [
            sys.executable, "-m", "jobs.cli", "refresh", "--data", self._data,
            "--store", self._store, "--artifacts", self._work / artifacts, "--tracking", "off",
        ]  # fmt: skip
        with (self._work / f"{artifacts}.log").open("ab") as log:
            process = subprocess.Popen(command, env=os.environ, stdout=log, stderr=log)
            try:
                yield process
            finally:
                process.kill()
                process.wait()


@click.command()
@click.option("--data", help="Folder in a Kaggle layout; by default a sample is made.")
@click.option("--users", default=SAMPLE_USERS, show_default=True, help="Of the sample.")
@click.option("--term", is_flag=True, help="Ask it to stop (SIGTERM) instead of killing it.")
def main(data: str | None, users: int, term: bool) -> None:
    """Refresh once from nothing; then, for each stage, kill one there and run it again."""
    how = signal.SIGTERM if term else signal.SIGKILL
    with tempfile.TemporaryDirectory(prefix="anirec-bench-") as folder:
        work = Path(folder)
        source = Path(data) if data else work / "data"
        if not data:
            write_sample(source, users=users, anime=SAMPLE_ANIME, seed=1)
        with embedded_redis(work) as url:
            _measure(Refreshes(source.absolute(), url, work), how)


def _measure(refreshes: Refreshes, how: signal.Signals) -> None:
    whole = refreshes.whole("nothing")
    table = Table("ended in", "gone after", "left over", "the next run reused", "took",
                  "from nothing", "saved")  # fmt: skip
    for stage in STAGES:
        gone = refreshes.ended(stage, stage, whole.seconds[stage] / 2, how)
        left = refreshes.left(stage)
        again = refreshes.whole(stage)
        took, full = again.seconds["total"], whole.seconds["total"]
        table.add_row(stage, f"{gone:.1f} s", str(left), ", ".join(again.reused) or "nothing",
                      f"{took:.1f} s", f"{full:.1f} s", f"{1 - took / full:.0%}")  # fmt: skip
    stages = ", ".join(f"{name} {whole.seconds[name]:.1f} s" for name in STAGES)
    console = Console(width=None if Console().is_terminal else 120)
    console.print(f"{how.name}; from nothing: {stages}", table, sep="\n")


if __name__ == "__main__":
    main()
