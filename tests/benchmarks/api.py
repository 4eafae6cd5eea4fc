"""`make bench-api`: how close answers come to the least that could be done instead of them."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import click

from jobs import logs
from jobs.embedded import embedded_redis
from tests.benchmarks import endurance, lookups, writes


@click.command()
@click.option("--data", help="Folder in a Kaggle layout; by default a sample is made.")
@click.option("--store", help="A store in which a generation is live, instead of a refresh.")
@click.option("--only", type=click.Choice(["lookups", "writes", "endurance"]))
def main(data: str | None, store: str | None, only: str | None) -> None:
    """Refresh once, unless a store is given, then measure."""
    logs.set_up()
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="anirec-bench-")))
        url = store or stack.enter_context(embedded_redis(work))
        if store is None:
            _refresh(url, Path(data) if data else None, work)
        runs: dict[str, Callable[[], object]] = {
            "lookups": lambda: lookups.measure(url, work),
            "writes": lambda: writes.measure(url, work),
            "endurance": lambda: endurance.measure(url, work),
        }
        for name, measure in runs.items():
            if only in (None, name):
                measure()


def _refresh(url: str, data: Path | None, work: Path) -> None:
    from batch.refresh import Request, refresh
    from batch.sample import write_sample

    if data is None:
        data = work / "data"
        write_sample(data, users=4000, anime=17_500, seed=1)
    refresh(Request(data, url, work / "artifacts"), lambda *_, **__: None)


if __name__ == "__main__":
    main()
