"""Answers under granian against Flask alone and Flask with bare reads, same server settings."""

import json
import random
import statistics
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from redis import Redis

from schemas import keys, pointer
from tests.benchmarks import servers, wrk
from tests.benchmarks.ratios import show
from tests.benchmarks.wrk import Load, Target

SECONDS: Final = 4.0
ROUNDS: Final = 3
BODIES: Final = 200
TITLES: Final = (1, 10, 50, 300)
QUIET: Final = {"ANIREC_LOG_SAMPLE": "0"}


@dataclass(frozen=True, slots=True)
class Published:
    """What is live: ids to ask for."""

    generation: str
    users: Sequence[int]
    anime: Sequence[int]
    genre: str


def measure(url: str, work: Path) -> None:
    """Ask for random users and titles, in turns, with wrk."""
    if not wrk.is_there():
        return
    live = published(url)
    with ExitStack() as stack:
        cached = stack.enter_context(servers.api(url, **QUIET))
        mixed = stack.enter_context(servers.api(url, **QUIET))
        plain = stack.enter_context(servers.api(url, **QUIET, ANIREC_CACHE_MB="0"))
        bare = stack.enter_context(servers.reference(url, live.generation))
        targets = _targets(live, cached, mixed, plain, bare)
        loads = take_turns(targets, work)
    _show(live, loads)


def published(url: str) -> Published:
    """Look at what is live."""
    with Redis.from_url(url) as client:
        generation = pointer.decode(client.hget(keys.CONTROL, "pointer")).live[0].generation
        users, anime = (_ids(client, keys.prefix(generation, one)) for one in "ui")
        manifest = json.loads(client.get(keys.manifest(generation)))
    genre = "Action" if "Action" in manifest["genres"] else manifest["genres"][0]
    return Published(generation, users, anime, genre)


def _ids(client: Redis, prefix: str) -> list[int]:
    return [int(key[len(prefix) :]) for key in client.scan_iter(match=f"{prefix}*", count=1000)]


def _targets(live: Published, cached: str, mixed: str, plain: str, bare: str) -> dict[str, Target]:
    """`cached` is asked for one page of each user, as `mixed` is for whatever else."""
    path = "/v1/users/%s/recommendations"
    ours = wrk.lookups(path, live.users)
    made = {n: wrk.bodies("/v1/recommendations", _bodies(live, n)) for n in TITLES}
    return {
        "hello": Target(f"{bare}/hello"),
        "cached": Target(cached, ours),
        "bare": Target(bare, wrk.lookups("/raw/%s", live.users)),
        "plain": Target(plain, ours),
        "pure": Target(mixed, wrk.lookups(f"{path}?franchise=all", live.users)),
        "rows": Target(bare, wrk.bodies("/rows", _bodies(live, 10))),
        **{f"live {n}": Target(plain, script) for n, script in made.items()},
        "live cached": Target(mixed, made[10]),
        **_filtered(live, mixed, plain, path),
    }


def _filtered(live: Published, cached: str, plain: str, path: str) -> dict[str, Target]:
    """Nothing where this version of the API has no filters."""
    script = wrk.lookups(f"{path}?genres={live.genre}&year_min=2000", live.users)
    if not _has_filters():
        return {}
    return {"filtered cached": Target(cached, script), "filtered plain": Target(plain, script)}


def _has_filters() -> bool:
    from api.parameters import Listing

    return hasattr(Listing(), "genres")


def _bodies(live: Published, n: int) -> list[str]:
    draw = random.Random(1)
    chosen = (draw.sample(live.anime, min(n, len(live.anime))) for _ in range(BODIES))
    return [
        json.dumps({"ratings": [{"anime_id": one, "rating": draw.randint(1, 10)} for one in some]})
        for some in chosen
    ]


def take_turns(targets: Mapping[str, Target], work: Path) -> dict[str, Load]:
    """Medians of some rounds, after one that does not count."""
    found: dict[str, list[Load]] = {name: [] for name in targets}
    for turn in range(ROUNDS + 1):
        for name, target in targets.items():
            load = wrk.run(target, work, SECONDS)
            if turn:
                found[name].append(load)
    return {
        name: Load(
            statistics.median(one.rate for one in loads), statistics.median(o.p99 for o in loads)
        )
        for name, loads in found.items()
    }


def _show(live: Published, loads: Mapping[str, Load]) -> None:
    def rate(name: str) -> str:
        return f"{loads[name].rate:>8,.0f} a second, p99 {loads[name].p99 * 1000:.2f} ms"

    def ratio(name: str, other: str) -> str:
        return f"{loads[name].rate / loads[other].rate:>8.2f}"

    slower = loads["cached"].p99 / loads["hello"].p99
    rows = {
        "Flask hello": rate("hello"),
        "ours, cache warm": rate("cached"),
        "ours, another parameter, cache warm": rate("pure"),
        "Flask with one bare GET": rate("bare"),
        "ours, cache off": rate("plain"),
        "Flask with one bare MGET of ten rows": rate("rows"),
        **{f"live, {n} titles, cache off": rate(f"live {n}") for n in TITLES},
        "live, 10 titles, cache warm": rate("live cached"),
        "cached / hello (at least 0.8)": ratio("cached", "hello"),
        "p99 of cached / of hello (at most 1.5)": f"{slower:>8.2f}",
        "cache off / bare GET (at least 0.85)": ratio("plain", "bare"),
        "live of 10, cache off / bare MGET (0.6)": ratio("live 10", "rows"),
    }
    if "filtered plain" in loads:
        rows |= {
            "filtered, cache warm": rate("filtered cached"),
            "filtered, cache off": rate("filtered plain"),
            "filtered / unfiltered, cache off (0.75)": ratio("filtered plain", "plain"),
            "filtered / unfiltered, warm (0.75)": ratio("filtered cached", "cached"),
        }
    title = f"{wrk.CONNECTIONS} connections, {len(live.users)} users at random, one worker"
    show(f"Lookups, {title}", rows)
