"""`make bench-portable`: a night in process and on runners with worker processes, compared.

Ends with 1 if a single byte differs.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click
from redis import Redis

from batch.engine import IN_PROCESS, Engine
from batch.refresh import Request, refresh
from batch.sample import write_sample
from jobs import logs
from tests import portable
from tests.datasets import quiet
from tests.generations import live_values
from tests.redis_server import start


@click.command()
@click.option("--data", help="Folder in a Kaggle layout; by default a sample is made.")
@click.option("--users", default=2_000, show_default=True, help="Of the sample.")
@click.option("--anime", default=2_000, show_default=True, help="Of the sample.")
def main(data: str | None, users: int, anime: int) -> None:
    """Refresh in process, then with worker processes, and compare all values in two Redis."""
    lacking = {name: portable.missing(name) for name in portable.RUNNERS}
    for name in filter(None, lacking.values()):
        click.echo(f"NOT measured, for want of: {name}")
    logs.set_up()
    with tempfile.TemporaryDirectory(prefix="anirec-portable-") as made:
        work = Path(made)
        folder = Path(data) if data else _sample(work / "data", users, anime)
        here = _night("in process", folder, work / "here", IN_PROCESS)
        different = 0
        for name in (one for one in portable.RUNNERS if not lacking[one]):
            (work / name).mkdir()
            with portable.RUNNERS[name](work / name) as engine:
                there = _night(f"on {name}", folder, work / f"{name}-night", engine)
            different += _differences(here, there)
    sys.exit(bool(different))


def _differences(here: Mapping[str, object], there: Mapping[str, object]) -> int:
    different = [name for name in here.keys() | there.keys() if here.get(name) != there.get(name)]
    click.echo(f"{len(here)} values, {len(different)} differ")
    for name in sorted(different)[:5]:
        click.echo(f"{name}: {here.get(name)!r} and {there.get(name)!r}")
    return len(different)


def _sample(folder: Path, users: int, anime: int) -> Path:
    write_sample(folder, users=users, anime=anime, seed=1)
    return folder


def _night(name: str, data: Path, folder: Path, engine: Engine) -> dict[str, object]:
    with redis_in(folder) as url, Redis.from_url(url) as client:
        began, ours = time.monotonic(), own_seconds()
        report = refresh(Request(data, url, folder / "artifacts", engine=engine), quiet)
        seconds, ours = time.monotonic() - began, own_seconds() - ours
        click.echo(f"{name}: {seconds:.1f} s, {ours:.1f} CPU s of this process, {report.seconds}")
        return live_values(client)


@contextmanager
def redis_in(folder: Path) -> Iterator[str]:
    """The address of a Redis with a folder of its own, which is made."""
    folder.mkdir(parents=True)
    server = start(folder)
    try:
        yield server.url
    finally:
        server.stop()


def own_seconds() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
