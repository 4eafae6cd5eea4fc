"""`python -m tests.benchmarks.reranking`: from a rating over HTTP to a changed list over HTTP."""

import json
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

import click
from redis import Redis

from batch.refresh import Request, refresh
from batch.sample import write_sample
from schemas import keys
from schemas.ratings import Rating, entry_id, revision
from schemas.records import AnimeId, UserId
from schemas.store import access, ratings
from schemas.store.waiting import Waiting
from tests.benchmarks import servers
from tests.benchmarks.lookups import QUIET, Published, published
from tests.benchmarks.ratios import show
from tests.redis_server import start
from tests.worker_process import start_worker

PATIENCE: Final = 60.0
WATCHERS: Final = 8


@click.command()
@click.option("--data", help="Folder in a Kaggle layout; by default a sample is made.")
@click.option("--users", default=2_000, show_default=True, help="Of the sample.")
@click.option("--anime", default=2_000, show_default=True, help="Of the sample.")
@click.option("--ratings", default=1_000, show_default=True)
@click.option("--rate", default=50.0, show_default=True, help="Posted each second.")
@click.option("--burst", default=20_000, show_default=True, help="Ratings that wait at once.")
def main(data: str | None, users: int, anime: int, ratings: int, rate: float, burst: int) -> None:
    """Refresh once, start one API process and one worker, then measure."""
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rerank-")))
        (work / "r").mkdir()
        redis = start(work / "r", appendonly="yes", appendfsync="everysec")
        stack.callback(redis.stop)
        folder = Path(data) if data else work / "data"
        if data is None:
            write_sample(folder, users=users, anime=anime, seed=1)
        refresh(Request(folder, redis.url, work / "artifacts"), lambda *_, **__: None)
        address = stack.enter_context(servers.api(redis.url, **QUIET))
        client = stack.enter_context(Redis.from_url(redis.url))
        worker = start_worker(redis.url, work / "artifacts")
        stack.callback(lambda: (worker.terminate(), worker.wait()))
        live = published(redis.url)
        _wait_for_worker(client, live)
        _show_latency(client, address, live, ratings, rate)
        chance = random.Random(2)
        _show_throughput(client, live, chance.choices(live.users, k=burst))
        _show_throughput(client, live, live.users)


def _wait_for_worker(client: Redis, live: Published) -> None:
    """Until it has ranked for the first time: models load what they need then."""
    ratings.append(client, Rating(UserId(live.users[-1]), AnimeId(live.known[0]), 5), 10**9)
    _drained(client)


def _show_latency(client: Redis, address: str, live: Published, amount: int, rate: float) -> None:
    """Each user rates once; watchers ask for the lists of those who have until they change."""
    _, key = access.create(client, "benchmark", datetime.now(UTC))
    chance = random.Random(1)
    users = chance.sample(list(live.users[:-1]), min(amount, len(live.users) - 1))
    sent: dict[int, float] = {}
    took: dict[int, float] = {}
    over = threading.Event()
    watchers = [
        threading.Thread(target=_watch, args=(address, users[one::WATCHERS], sent, took, over))
        for one in range(WATCHERS)
    ]
    for one in watchers:
        one.start()
    _post(address, key, users, live, rate, sent, chance)
    for one in watchers:
        one.join(PATIENCE)
    over.set()
    times = sorted(took.values())
    show(
        f"{len(users)} ratings at {rate:g} a second, one API process, one worker",
        {
            "lists that changed": str(len(times)),
            "rating to changed list over HTTP, p50": f"{statistics.median(times) * 1000:.0f} ms",
            "p99": f"{statistics.quantiles(times, n=100)[98] * 1000:.0f} ms",
            "longest": f"{times[-1] * 1000:.0f} ms",
        },
    )


def _post(
    address: str,
    key: str,
    users: list[int],
    live: Published,
    rate: float,
    sent: dict[int, float],
    chance: random.Random,
) -> None:
    writer = HTTPConnection(address.removeprefix("http://"))
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    began = time.perf_counter()
    for number, user in enumerate(users):
        time.sleep(max(0.0, began + number / rate - time.perf_counter()))
        body = json.dumps({"anime_id": chance.choice(live.known), "rating": 9})
        sent[user] = time.perf_counter()
        writer.request("POST", f"/v1/users/{user}/ratings", body, headers)
        answer = writer.getresponse()
        answer.read()
        if answer.status != 202:
            raise click.ClickException(f"refused with {answer.status}")


def _watch(
    address: str, users: list[int], sent: dict[int, float], took: dict[int, float],
    over: threading.Event,
) -> None:  # fmt: skip
    reader = HTTPConnection(address.removeprefix("http://"))
    waiting = set(users)
    while waiting and not over.is_set():
        for user in [one for one in waiting if one in sent]:
            reader.request("GET", f"/v1/users/{user}/recommendations?limit=1&reasons=0")
            if json.loads(reader.getresponse().read())["source"] == "refreshed":
                took[user] = time.perf_counter() - sent[user]
                waiting.discard(user)
        time.sleep(0.01)


def _show_throughput(client: Redis, live: Published, users: Sequence[int]) -> None:
    """A rating of each all at once: how long until nothing waits."""
    chance = random.Random(3)
    last: dict[int, str] = {}
    for user in users:
        said = Rating(UserId(user), AnimeId(chance.choice(live.known)), chance.randint(1, 10))
        last[user] = ratings.append(client, said, 10**9).entry
    began = time.perf_counter()
    left = Waiting(client, "", 1).lag().entries
    _drained(client)
    seconds = time.perf_counter() - began
    user, entry = next(iter(last.items()))
    known = int.from_bytes(client.getrange(keys.overlay(live.generation, user), 2, 9), "little")
    assert known >= revision(entry_id(entry))
    show(
        f"{len(users)} ratings of {len(last)} users, one worker",
        {"still waiting after the last": str(left),
         "ratings a second from then on": f"{left / seconds:.0f}"},
    )  # fmt: skip


def _drained(client: Redis) -> None:
    waiting = Waiting(client, "", 1)
    end = time.monotonic() + 20 * PATIENCE
    while not client.exists(keys.STREAM) or not client.xinfo_groups(keys.STREAM):
        time.sleep(0.1)
    while waiting.lag().entries:
        if time.monotonic() > end:
            raise click.ClickException("the worker does not keep up")
        time.sleep(0.05)


if __name__ == "__main__":
    main()
