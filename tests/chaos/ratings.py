"""Ratings under fire: `python -m tests.chaos.ratings`.

Ratings are posted over HTTP while workers are killed at random, Redis is stopped or killed and
refreshes run. Afterwards every rating that was accepted must be found once, and every list must be
what its history says. With `--appendfsync everysec`, as the embedded Redis is set, those of the
last AT_RISK seconds before Redis was killed may be lost: they are counted, and forgiven.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Final

import click
import pyarrow.parquet as pq
from redis import Redis, RedisError

from batch.model_choice import Train
from batch.ratings.files import drained_in
from batch.user_lists import user_lists
from batch.worker.folding import fold, histories_of
from batch.worker.targets import Target, Targets
from schemas import history_codec, keys, overlay_codec
from schemas.ratings import Recent, entry_id, read_fields, read_recent
from schemas.records import AnimeId, Status, UserId
from schemas.store import access
from schemas.store.waiting import GROUP, Waiting
from tests.api_server import ask, eventually
from tests.datasets import ANIME, prepared, refreshed
from tests.redis_server import RedisServer, free_port, start
from tests.worker_process import start_worker

STRANGERS: Final = range(10_000, 10_300)
KNOWN: Final = range(1, 60)
PATIENCE: Final = 600.0
AT_RISK: Final = 2.0
"""Redis writes to its file at once, but up to two seconds later while the disk is slow."""
REFRESH: Final = """
import sys
from pathlib import Path

from batch.model_choice import Train
from tests.datasets import refreshed

refreshed(Path(sys.argv[1]), sys.argv[2], train=Train.NEVER)
"""


@dataclass
class Site:
    """Everything that is attacked; `accepted` maps entries to what was posted."""

    folder: Path
    redis: RedisServer
    port: int
    key: str
    accepted: dict[str, tuple[int, int, int, int]] = field(default_factory=dict)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    appendfsync: str = "everysec"
    killed: int = 0
    restarts: list[tuple[signal.Signals, float]] = field(default_factory=list)
    refreshes: int = 0

    def client(self) -> Redis:
        return Redis.from_url(self.redis.url)

    def add_worker(self) -> None:
        options = ("--abandoned-seconds", 2, "--tries", 50)
        with (self.folder / "workers.log").open("ab") as log:
            made = start_worker(self.redis.url, self.folder / "artifacts", *options, log=log)
        self.workers.append(made)


@click.command()
@click.option("--ratings", default=10_000, show_default=True)
@click.option("--rate", default=100.0, show_default=True, help="Posted each second.")
@click.option("--workers", default=2, show_default=True)
@click.option("--refreshes", default=2, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--appendfsync", type=click.Choice(["everysec", "always"]), default="everysec")
def main(
    ratings: int, rate: float, workers: int, refreshes: int, seed: int, appendfsync: str
) -> None:
    """Do it all and exit with 1 where something is lost, double or inconsistent."""
    with (
        tempfile.TemporaryDirectory(prefix="chaos-") as work,
        _site(Path(work), appendfsync) as site,
    ):
        for _ in range(workers):
            site.add_worker()
        began = time.monotonic()
        _attack(site, ratings, rate, refreshes, random.Random(seed))
        click.echo(
            f"{len(site.accepted)} ratings accepted in {time.monotonic() - began:.0f} s; "
            f"{site.killed} workers killed, {site.refreshes} refreshes; Redis, with appendfsync "
            f"{site.appendfsync}, met {Counter(how.name for how, _ in site.restarts)}"
        )
        _forgive(site)
        _settle(site)
        wrong = [*_lost_or_double(site), *_inconsistent(site)]
        refreshed(site.folder, site.redis.url, train=Train.NEVER)
        wrong += [*_lost_or_double(site), *_inconsistent(site)]
        click.echo("\n".join(wrong) or "nothing is lost, nothing is double, all lists agree")
        sys.exit(bool(wrong))


@contextmanager
def _site(work: Path, appendfsync: str) -> Iterator[Site]:
    prepared(work)
    (work / "r").mkdir()
    with ExitStack() as stack:
        redis = _redis(work, appendfsync)
        site = Site(work, redis, free_port(), "", appendfsync=appendfsync)
        stack.callback(lambda: site.redis.stop())  # noqa: PLW0108  # the one of then, not of now
        refreshed(work, site.redis.url)
        with site.client() as client:
            _, site.key = access.create(client, "chaos", datetime.now(UTC))
        stack.enter_context(_api(site))
        stack.callback(lambda: [one.kill() for one in site.workers])
        yield site


@contextmanager
def _api(site: Site) -> Iterator[None]:
    """With its log in a file: it logs every write."""
    env = {"ANIREC_STORE": site.redis.url, "ANIREC_PORT": str(site.port)}
    with (site.folder / "api.log").open("wb") as log:
        command = [sys.executable, "-m", "api"]
        process = subprocess.Popen(command, env=os.environ | env, stdout=log, stderr=log)
    try:
        eventually(lambda: ask(site.port, "GET", "/healthz")[0], 200)
        yield
    finally:
        process.terminate()
        process.wait()


def _redis(work: Path, appendfsync: str) -> RedisServer:
    return start(work / "r", appendonly="yes", appendfsync=appendfsync)


def _attack(site: Site, ratings: int, rate: float, refreshes: int, chance: random.Random) -> None:
    over = threading.Event()
    others = [
        threading.Thread(target=one)
        for one in (
            lambda: _kill_workers(site, over, random.Random(chance.random())),
            lambda: _restart_redis(site, over, ratings / rate / 4),
            lambda: _refresh(site, over, refreshes),
        )
    ]
    for one in others:
        one.start()
    try:
        _post(site, ratings, rate, chance)
        _until(lambda: site.refreshes == refreshes)
    finally:
        over.set()
        for one in others:
            one.join()


def _post(site: Site, ratings: int, rate: float, chance: random.Random) -> None:
    began = time.monotonic()
    for number in range(ratings):
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        user = chance.choice([*KNOWN, *STRANGERS])
        said = {"anime_id": chance.randint(1, ANIME), "rating": chance.randint(1, 10)}
        if chance.random() < 0.2:
            said["status"] = chance.choice(["completed", "dropped", "planned"])
        _post_one(site, number, user, said)


def _post_one(site: Site, number: int, user: int, said: dict[str, int | str]) -> None:
    """Until it is accepted: the idempotency key makes another try harmless."""
    headers = {"Authorization": f"Bearer {site.key}", "Content-Type": "application/json",
               "Idempotency-Key": f"chaos-{number}"}  # fmt: skip
    while True:
        path, body = f"/v1/users/{user}/ratings", json.dumps(said)
        status, text, _ = ask(site.port, "POST", path, body, headers)
        if status == 202:
            break
        if status not in (0, 503):
            raise click.ClickException(f"{status}: {text.decode()}")
        time.sleep(0.1)
    named = Status[str(said.get("status", "unknown")).upper()]
    marks = int(said["anime_id"]), int(said["rating"]), int(named)
    site.accepted[json.loads(text)["id"]] = (user, *marks)


def _kill_workers(site: Site, over: threading.Event, chance: random.Random) -> None:
    while not over.wait(chance.uniform(5, 15)):
        victim = site.workers.pop(chance.randrange(len(site.workers)))
        victim.kill()
        victim.wait()
        site.killed += 1
        site.add_worker()


def _restart_redis(site: Site, over: threading.Event, seconds: float) -> None:
    """Killed, then stopped in good order, and so on."""
    for how in cycle((signal.SIGKILL, signal.SIGTERM)):
        if over.wait(seconds):
            return
        site.redis.process.send_signal(how)
        site.redis.process.wait()
        site.restarts.append((how, time.time()))
        site.redis = _redis(site.folder, site.appendfsync)


def _refresh(site: Site, over: threading.Event, refreshes: int) -> None:
    """As a scheduler does: a run that fails since Redis is away is started again."""
    command = [sys.executable, "-c", REFRESH, str(site.folder), site.redis.url]
    while site.refreshes < refreshes and not over.wait(1):
        done = subprocess.run(command, env=os.environ, capture_output=True, check=False)
        site.refreshes += done.returncode == 0
        if done.returncode:
            click.echo(f"a refresh failed: {done.stderr.decode().splitlines()[-1]}")


def _settle(site: Site) -> None:
    """Wait until the workers that live have done everything."""
    with site.client() as client:
        waiting = Waiting(client, "", 1)
        _until(lambda: waiting.lag().entries == 0)
        if client.exists(keys.DEAD_LETTERS):
            raise click.ClickException(f"dead letters: {client.xrange(keys.DEAD_LETTERS)}")
        # Catching up after a flip has no entries that could be counted.
        _until(lambda: not list(_inconsistent(site)))
        click.echo(f"group {GROUP}: nothing waits")


def _until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if happened():
                return
        except RedisError:
            pass
        time.sleep(1)


def _lost_or_double(site: Site) -> Iterator[str]:
    """Every accepted entry once, in the files or behind them in the stream."""
    found, wanted = _found(site), Counter(site.accepted.items())
    click.echo(f"accepted {wanted.total()}, found {found.total()}")
    yield from (f"lost {one}" for one in wanted - found)
    yield from (f"double or unknown {one}" for one in found - wanted)


def _found(site: Site) -> Counter[tuple[str, tuple[int, int, int, int]]]:
    """Every entry that is stored, with what it says."""
    drained = drained_in(site.folder / "artifacts" / "ratings")
    found = Counter[tuple[str, tuple[int, int, int, int]]]()
    for path in drained.files:
        for row in pq.read_table(path).to_pylist():
            ms, number, *said = row.values()
            found[f"{ms}-{number}", tuple(said)] += 1
    with site.client() as client:
        for entry, said in client.xrange(keys.STREAM):
            if entry_id(entry) > drained.watermark:
                one = read_fields(said)
                marks = one.user_id, one.anime_id, one.rating, int(one.status)
                found[entry.decode(), marks] += 1
    return found


def _forgive(site: Site) -> None:
    """Forget what Redis may lose as it is set, and say how much that was."""
    if site.appendfsync == "always":
        return
    kills = [at for how, at in site.restarts if how == signal.SIGKILL]
    found = {entry for entry, _ in _found(site)}
    lost = [
        entry
        for entry in site.accepted.keys() - found
        if any(0 <= at - entry_id(entry)[0] / 1000 <= AT_RISK for at in kills)
    ]
    for entry in lost:
        del site.accepted[entry]
    click.echo(f"{len(lost)} ratings were lost with Redis, as everysec may")


def _inconsistent(site: Site) -> Iterator[str]:
    """Histories against what was accepted, and lists against histories, byte for byte."""
    with site.client() as client:
        (target,) = Targets(client, site.folder / "artifacts" / "models").current()
        for user in map(UserId, [*KNOWN, *STRANGERS]):
            yield from _inconsistent_user(site, client, target, user)


def _inconsistent_user(site: Site, client: Redis, target: Target, user: UserId) -> Iterator[str]:
    stored = client.get(keys.history(target.generation, user))
    recent = read_recent(client.get(keys.recent(user)) or b"")
    history = fold(stored, recent, target.column_of)
    rated = _accepted_of(site, user)
    if fold(history, rated, target.column_of) != history:
        yield f"history of {user} lacks a rating"
    if not history_codec.length(history):
        return
    overlay = client.get(keys.overlay(target.generation, user))
    ranking = overlay_codec.decode(overlay)[1] if overlay else None
    ranking = ranking or client.get(keys.user(target.generation, user))
    block = histories_of({user: history})
    (wanted,) = user_lists(target.model, target.rules, block, target.lists)
    if ranking != wanted:
        yield f"the list of {user} is not what their history says"


def _accepted_of(site: Site, user: int) -> list[Recent]:
    theirs = sorted((entry_id(entry), said) for entry, said in site.accepted.items()
                    if said[0] == user)  # fmt: skip
    return [
        Recent(AnimeId(anime), rating, Status(status), entry)
        for entry, (_, anime, rating, status) in theirs
    ]


if __name__ == "__main__":
    main()
