"""Where the microseconds of one lookup go: python -m tests.benchmarks.profile_lookup STORE."""

import asyncio
import cProfile
import pstats
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

import uvloop

from api import process
from api.front import Front
from api.settings import Settings
from schemas.records import UserId
from tests.benchmarks.lookups import published

AT_ONCE: Final = 32
LINES: Final = 16


def main(url: str) -> None:
    """Time whole requests without HTTP, then say which functions take the time."""
    users = [UserId(one) for one in published(url).users]
    for megabytes in (64, 0):
        uvloop.run(_profile(Settings(url, cache_mb=megabytes, log_sample=0), users))


async def _profile(settings: Settings, users: Sequence[UserId]) -> None:
    app = process.serve(settings)
    events = asyncio.Queue[dict[str, Any]]()
    started = asyncio.Event()

    async def heard(event: Any) -> None:
        started.set()

    await events.put({"type": "lifespan.startup"})
    living = asyncio.create_task(app({"type": "lifespan"}, events.get, heard))
    await started.wait()
    for _ in range(3):  # as often as it takes to remember what can be
        await _ask(app, users)
    begun, used = time.perf_counter(), time.process_time()
    await _ask(app, users)
    whole, used = time.perf_counter() - begun, time.process_time() - used
    each = 1e6 / len(users)
    print(f"\ncache of {settings.cache_mb} MB, {AT_ONCE} at once: {whole * each:.1f} us a request,")
    print(f"of which {used * each:.1f} us of our processor; then with a profiler:")
    profile = cProfile.Profile()
    profile.enable()
    await _ask(app, users)
    profile.disable()
    pstats.Stats(profile).sort_stats("tottime").print_stats(LINES)
    await events.put({"type": "lifespan.shutdown"})
    await living


async def _ask(app: Front, users: Sequence[UserId]) -> None:
    """Ask for everybody once."""
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(event: Any) -> None:
        if event["type"] == "http.response.start":
            statuses.append(event["status"])

    async def client(waiting: Iterator[UserId]) -> None:
        for user in waiting:
            await app(_scope(user), receive, send)

    waiting = iter(users)
    await asyncio.gather(*(client(waiting) for _ in range(AT_ONCE)))
    assert statuses == [200] * len(users), "a lookup failed"


def _scope(user: UserId) -> dict[str, Any]:
    return {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": f"/v1/users/{user}/recommendations", "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"accept", b"*/*")],
    }  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1])
