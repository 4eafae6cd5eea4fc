"""`make bench`: how close each hot path comes to the least that could be done instead of it.

Every figure is a ratio inside one run, ours against a named reference, the two taking turns.
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import click

from batch.engine import Engine
from batch.params import Params
from batch.refresh import Request, refresh
from batch.sample import write_sample
from jobs import logs
from jobs.embedded import embedded_redis
from tests.benchmarks import loading, lookups, scoring
from tests.datasets import quiet

SAMPLE_USERS = 4000
SAMPLE_ANIME = 17_500
"""A slice of the full Kaggle shape: its catalogue, and as many rows a user."""


@click.command()
@click.option("--data", help="Folder in a Kaggle layout; by default a sample is made.")
@click.option("--only", type=click.Choice(["scoring", "loading", "lookups"]))
def main(data: str | None, only: str | None) -> None:
    """Refresh once, then measure scoring, loading and lookups."""
    logs.set_up()
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        if name in os.environ:
            click.echo(f"note: {name} is set, which slows numpy on both sides")
    with tempfile.TemporaryDirectory(prefix="anirec-bench-") as work:
        folder = Path(data) if data else _sample(Path(work) / "data")
        with embedded_redis(Path(work)) as url:
            artifacts = Path(work) / "artifacts"
            request = Request(folder, url, artifacts, params=Params(), engine=Engine())
            refresh(request, quiet)
            runs: dict[str, Callable[[], object]] = {
                "scoring": lambda: scoring.measure(artifacts),
                "loading": lambda: loading.measure(Path(work)),
                "lookups": lambda: lookups.measure(url, Path(work)),
            }
            for name, measure in runs.items():
                if only in (None, name):
                    measure()


def _sample(folder: Path) -> Path:
    write_sample(folder, users=SAMPLE_USERS, anime=SAMPLE_ANIME, seed=1)
    return folder


if __name__ == "__main__":
    main()
