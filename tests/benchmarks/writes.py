"""Ratings, and how soon every worker knows of them."""

import json
import statistics
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

from redis import Redis

from schemas import keys
from schemas.records import UserId
from schemas.store import access
from tests.benchmarks import servers
from tests.benchmarks.lookups import QUIET, Published, published
from tests.benchmarks.ratios import show

WRITES: Final = 200
PATIENCE: Final = 2.0


def measure(url: str, _work: Path) -> None:
    """Rate the first title of a list at one server and watch it go at two."""
    live = published(url)
    with Redis.from_url(url) as client, ExitStack() as stack:
        made, key = access.create(client, "benchmark", datetime.now(UTC))
        stack.callback(access.revoke, client, made.key_id)
        addresses = [stack.enter_context(servers.api(url, **QUIET)) for _ in range(2)]
        stack.callback(_clean, client, live.users[:WRITES])
        posted, seen = _rate(addresses, live, key)
    show(
        f"{WRITES} ratings, two servers with warm caches",
        {
            "202 after, median and 99 %": _milliseconds(posted),
            "hidden at both after, median and 99 %": _milliseconds(seen),
            "longest (at most 1,000 ms)": f"{max(seen) * 1000:.0f} ms",
        },
    )


def _rate(addresses: list[str], live: Published, key: str) -> tuple[list[float], list[float]]:
    readers = [HTTPConnection(one.removeprefix("http://")) for one in addresses]
    writer = HTTPConnection(addresses[0].removeprefix("http://"))
    posted, seen = [], []
    for user in live.users[:WRITES]:
        firsts = [_first(reader, user) for reader in readers]
        began = time.perf_counter()
        writer.request(
            "POST", f"/v1/users/{user}/ratings", json.dumps({"anime_id": firsts[0], "rating": 8}),
            {"Content-Type": "application/json", "Authorization": f"Bearer {key}"},
        )  # fmt: skip
        writer.getresponse().read()
        posted.append(time.perf_counter() - began)
        while any(_first(reader, user) == firsts[0] for reader in readers):
            if time.perf_counter() - began > PATIENCE:
                break
            time.sleep(0.005)
        seen.append(time.perf_counter() - began)
    return posted, seen


def _first(connection: HTTPConnection, user: int) -> int:
    connection.request("GET", f"/v1/users/{user}/recommendations?limit=1")
    items = json.loads(connection.getresponse().read())["items"]
    return items[0]["anime_id"] if items else 0


def _clean(client: Redis, users: list[int]) -> None:
    for user in users:
        client.delete(keys.recent(UserId(user)))
    client.delete(keys.STREAM, keys.CHANGES)


def _milliseconds(seconds: list[float]) -> str:
    last = statistics.quantiles(seconds, n=100)[98]
    return f"{statistics.median(seconds) * 1000:.1f} ms, {last * 1000:.1f} ms"
