"""`make bench-cost`: CPU seconds and bytes of a refresh against the number of users.

CPU seconds rather than wall time, so that whatever else a machine does counts little.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from batch.model_choice import Train
from batch.refresh import Report, Request, refresh
from batch.sample import write_sample
from jobs import logs
from tests.benchmarks.portable import own_seconds, redis_in
from tests.datasets import quiet


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one size: CPU seconds of training and of a night that reloads; bytes by what they are."""

    users: int
    rows: int
    training: float
    night: float
    files: int
    dataset: int
    redis: int
    peak: int


@click.command()
@click.option("--users", default="2000,4000,8000", show_default=True, help="Sizes of the samples.")
@click.option("--anime", default=4_000, show_default=True, help="Titles of each.")
def main(users: str, anime: int) -> None:
    """Refresh samples of several sizes twice each, and draw a line through what it took."""
    logs.set_up()
    with tempfile.TemporaryDirectory(prefix="anirec-cost-") as work:
        found = [_measured(Path(work) / size, int(size), anime) for size in users.split(",")]
    for one in found:
        click.echo(str(one))
    for name in Cost.__slots__[2:]:
        slope, fixed = np.polyfit([one.users for one in found], _values(found, name), 1)
        click.echo(f"{name}: {fixed:.4g} and {slope * 1e6:.4g} for each million users")


def _measured(folder: Path, users: int, anime: int) -> Cost:
    data, artifacts = folder / "data", folder / "artifacts"
    write_sample(data, users=users, anime=anime, seed=1)
    with redis_in(folder / "r") as url:
        started = own_seconds()
        trained = refresh(Request(data, url, artifacts), quiet)
        between = own_seconds()
        refresh(Request(data, url, artifacts, train=Train.NEVER), quiet)
        night = own_seconds() - between
    return _cost(users, trained, between - started - night, night, data, artifacts / "datasets")


def _cost(
    users: int, report: Report, training: float, night: float, data: Path, datasets: Path
) -> Cost:
    redis = sum(report.redis_bytes.values()) - report.redis_bytes["anime"]
    sizes = _size(data), _size(datasets)
    return Cost(users, report.rows, training, night, *sizes, redis, report.peak_rss_bytes)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _values(found: Sequence[Cost], name: str) -> list[float]:
    return [float(getattr(one, name)) for one in found]


if __name__ == "__main__":
    main()
