"""`python -m tests.benchmarks.backfilling`: what serving feels of a backfill, by its pace.

Every list is another one than the backfill makes, so that each is written and each user's answers
change: the worst that can come.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
from redis import Redis

from batch.refresh import Request, refresh
from batch.sample import write_sample
from schemas import keys
from schemas.records import Generation, UserId
from tests.benchmarks import servers, wrk
from tests.benchmarks.lookups import QUIET, Published, published
from tests.benchmarks.ratios import show
from tests.benchmarks.wrk import Load, Target
from tests.redis_server import start

SECONDS = 4
NONE = "no backfill"


@click.command()
@click.option("--users", default=5_000, show_default=True, help="Of the sample.")
@click.option("--anime", default=2_000, show_default=True, help="Of the sample.")
@click.option("--rounds", default=5, show_default=True)
@click.argument("paces", nargs=-1, type=int)
def main(users: int, anime: int, rounds: int, paces: Sequence[int]) -> None:
    """Ask for random users with wrk, without and with a backfill at each of PACES users a second.

    By default 100, 200 and 0, which means no limit.
    """
    if not wrk.is_there():
        return
    ways = [NONE, *map(str, paces or (100, 200, 0))]
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="backfill-")))
        (work / "r").mkdir()
        redis = start(work / "r", appendonly="yes", appendfsync="everysec")
        stack.callback(redis.stop)
        write_sample(work / "data", users=users, anime=anime, seed=1)
        refresh(Request(work / "data", redis.url, work / "artifacts"), lambda *_, **__: None)
        live = published(redis.url)
        target = Target(
            stack.enter_context(servers.api(redis.url, **QUIET)),
            wrk.lookups("/v1/users/%s/recommendations", live.users),
        )
        client = stack.enter_context(Redis.from_url(redis.url))
        _spoil(client, live)
        loads: dict[str, list[Load]] = {way: [] for way in ways}
        for turn in range(rounds + 1):
            for way in ways:
                load = _measure(client, live, redis.url, work, target, way)
                if turn:
                    loads[way].append(load)
    _show(loads, users)


def _spoil(client: Redis, live: Published) -> None:
    """Everybody gets somebody else's list."""
    names = [keys.user(Generation(live.generation), UserId(user)) for user in live.users]
    lists = client.mget(names)
    client.mset(dict(zip(names, lists[1:] + lists[:1], strict=True)))


def _measure(
    client: Redis, live: Published, url: str, work: Path, target: Target, way: str
) -> Load:
    overlays = [keys.overlay(Generation(live.generation), UserId(user)) for user in live.users]
    client.unlink(*overlays)
    if way == NONE:
        return wrk.run(target, work, SECONDS)
    with _backfill(client, live, url, work, way):
        return wrk.run(target, work, SECONDS)


@contextmanager
def _backfill(client: Redis, live: Published, url: str, work: Path, pace: str) -> Iterator[None]:
    """One that is at work when the block begins, and still when it ends."""
    command = [sys.executable, "-m", "jobs.cli", "backfill", "--all", "--users-per-second", pace,
               "--store", url, "--artifacts", str(work / "artifacts")]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        while not client.keys(keys.backfill(Generation(live.generation), "*")):
            if process.poll() is not None:
                raise click.ClickException(process.stderr.read().decode())
            time.sleep(0.05)
        began = time.monotonic()
        yield
        if process.poll() is not None:
            click.echo(f"the backfill was done before wrk: {time.monotonic() - began:.1f} s")
    finally:
        process.terminate()
        process.communicate()
        client.delete(*client.keys(keys.backfill(Generation(live.generation), "*")) or ["-"])


def _show(loads: dict[str, list[Load]], users: int) -> None:
    base = loads[NONE]
    rows = {}
    for way, found in loads.items():
        rate = statistics.median(one.rate for one in found)
        p99 = statistics.median(one.p99 for one in found)
        slower = statistics.median(
            one.p99 / before.p99 for one, before in zip(found, base, strict=True)
        )
        name = way if way == NONE else f"{way} a second" if int(way) else "no limit"
        rows[name] = f"{rate:>8,.0f} a second, p99 {p99 * 1000:6.2f} ms, {slower:.2f} of without"
    show(f"Lookups of {users} users during a backfill, {wrk.CONNECTIONS} connections", rows)


if __name__ == "__main__":
    main()
