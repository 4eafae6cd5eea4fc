"""`make bench-cost`: CPU seconds and bytes of a night against the number of users.

CPU seconds rather than wall time, so that whatever else a machine does counts little. The model is
of full size but hardly trained: how well it ranks costs nothing.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
import numpy as np

from batch import signals
from batch.dataset import Dataset, open_dataset
from batch.engine import IN_PROCESS
from batch.model_choice import Train
from batch.params import ContentParams, Params, PeopleParams, RankerParams, ValidationParams
from batch.refresh import Request, refresh
from batch.sample import write_sample
from batch.training_rows import RowSource
from batch.training_transforms import gram_matrix, title_statistics
from jobs import logs
from tests.benchmarks.portable import own_seconds, redis_in
from tests.datasets import quiet

HARDLY: Final = Params(
    validation=ValidationParams(max_users=200),
    people=PeopleParams(epochs=1, max_steps=1),
    content=ContentParams(epochs=1, steps=1),
    ranker=RankerParams(epochs=1),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one size: CPU seconds of a night that reloads, and of training's pass over the users;
    bytes of raw files, of the data set and in Redis.
    """

    users: int
    rows: int
    night: float
    training_pass: float
    files: int
    dataset: int
    redis: int


@click.command()
@click.option("--users", default="2000,4000,8000", show_default=True, help="Sizes of the samples.")
@click.option("--anime", default=4_000, show_default=True, help="Titles of each.")
def main(users: str, anime: int) -> None:
    """Run a night on samples of several sizes, and draw a line through what it took."""
    logs.set_up()
    with tempfile.TemporaryDirectory(prefix="anirec-cost-") as made:
        work, sizes = Path(made), [int(one) for one in users.split(",")]
        for size in sizes:
            write_sample(work / f"data-{size}", users=size, anime=anime, seed=1)
        _night(work, sizes[0], Train.ALWAYS)
        found = [_measured(work, size) for size in sizes]
    for one in found:
        click.echo(str(one))
    for name in Cost.__slots__[1:]:
        values = [float(getattr(one, name)) for one in found]
        slope, fixed = np.polyfit(sizes, values, 1)
        click.echo(f"{name}: {fixed:.4g} and {slope * 1e6:.4g} for each million users")


def _measured(work: Path, size: int) -> Cost:
    before = own_seconds()
    rows, redis, dataset = _night(work, size, Train.NEVER)
    night = own_seconds() - before
    sizes = _bytes(work / f"data-{size}"), _bytes(dataset.folder)
    return Cost(size, rows, night, _training_pass(dataset, work), *sizes, redis)


def _night(work: Path, size: int, train: Train) -> tuple[int, int, Dataset]:
    """Refresh; returns rows, bytes in Redis that belong to users, and the data set."""
    artifacts = work / "artifacts"
    with redis_in(work / f"redis-{size}-{train}") as url:
        asked = Request(work / f"data-{size}", url, artifacts, train=train, params=HARDLY)
        done = refresh(asked, quiet)
    redis = sum(n for name, n in done.redis_bytes.items() if name not in ("anime", "catalogue"))
    return done.rows, redis, open_dataset(artifacts / "datasets" / done.dataset[:16])


def _training_pass(dataset: Dataset, work: Path) -> float:
    """CPU seconds of counting titles once and adding up a Gram matrix twice, as training does."""
    anime = len(dataset.anime_ids)
    table = signals.lookup(Params().strengths.table())
    places = np.arange(anime, dtype=np.int32)
    rows = RowSource(dataset, table, places, anime, Params().validation, hiding=True)
    before = own_seconds()
    title_statistics(IN_PROCESS, dataset, dataset.shard, work)
    for _ in range(2):
        gram_matrix(IN_PROCESS, rows, Params().linear.row_damping, work)
    return own_seconds() - before


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
