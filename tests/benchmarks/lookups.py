"""Answers under granian against Flask alone and Flask with bare reads, same server settings."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from redis import Redis

from schemas import keys, pointer
from tests.benchmarks import servers, titles, wrk
from tests.benchmarks.ratios import show
from tests.benchmarks.wrk import Load, Target

SECONDS: Final = 4
ROUNDS: Final = 5
FILTERS: Final = (
    *(f"genres={one}" for one in ("Action", "Comedy", "Drama", "Romance", "Fantasy", "Sci-Fi")),
    *(f"genres=Action&exclude_genres={one}" for one in ("Comedy", "School", "Mecha")),
    *(f"types={one}" for one in ("TV", "Movie", "TV,Movie", "OVA")),
    *(f"year_min={one}" for one in range(2000, 2019, 2)),
    *(f"year_min={one}&year_max={one + 9}&types=TV" for one in (1990, 2000, 2010)),
    *(f"genres={one}&types=TV&year_min=2005" for one in ("Drama", "Comedy", "Adventure")),
)
"""What people filter by."""
TITLES: Final = (1, 10, 50, 300)
QUIET: Final = {"ANIREC_LOG_SAMPLE": "0"}


@dataclass(frozen=True, slots=True)
class Published:
    """What is live: ids to ask for."""

    generation: str
    users: Sequence[int]
    known: list[int]
    typed: Sequence[str]


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
        for address in (cached, mixed, plain):
            servers.ready(address, "/v1/anime?q=a")  # waits until titles can be found, in seconds
        loads = take_turns(targets, work)
    _show(live, loads)


def published(url: str) -> Published:
    """Look at what is live."""
    with Redis.from_url(url) as client:
        generation = pointer.decode(client.hget(keys.CONTROL, "pointer")).live[0].generation
        prefix = keys.prefix(generation, "u")
        found = client.scan_iter(match=f"{prefix}*", count=1000)
        users = [int(key[len(prefix) :]) for key in found]
    known, typed = titles.ids(url, generation), titles.typed(url, generation)
    return Published(generation, users, known, typed)


def _targets(live: Published, cached: str, mixed: str, plain: str, bare: str) -> dict[str, Target]:
    """`cached` is asked for one page of each user, as `mixed` is for whatever else.

    What is compared comes one after the other.
    """
    path = "/v1/users/%s/recommendations"
    ours = wrk.lookups(path, live.users)
    made = {n: wrk.bodies("/v1/recommendations", titles.bodies(live.known, n)) for n in TITLES}
    return {
        "hello": Target(f"{bare}/hello"),
        "cached": Target(cached, ours),
        "bare": Target(bare, wrk.lookups("/raw/%s", live.users)),
        "plain": Target(plain, ours),
        "filtered plain": Target(plain, wrk.lookups(path, live.users, FILTERS)),
        "rows": Target(bare, wrk.bodies("/rows", titles.lists(live.known))),
        "live 10": Target(plain, made[10]),
        **{f"live {n}": Target(plain, script) for n, script in made.items() if n != 10},
        "live cached": Target(mixed, made[10]),
        "filtered cached": Target(mixed, wrk.lookups(path, live.users, FILTERS)),
        "pure": Target(mixed, wrk.lookups(f"{path}?franchise=all", live.users)),
        "search": Target(mixed, wrk.searches("/v1/anime?q=%s", live.typed)),
    }


def take_turns(targets: Mapping[str, Target], work: Path) -> dict[str, list[Load]]:
    """Some rounds, forwards and backwards, after one that does not count."""
    found: dict[str, list[Load]] = {name: [] for name in targets}
    for turn in range(ROUNDS + 1):
        for name, target in list(targets.items())[:: -1 if turn % 2 else 1]:
            load = wrk.run(target, work, SECONDS)
            if turn:
                found[name].append(load)
    return found


def _show(live: Published, loads: Mapping[str, Sequence[Load]]) -> None:
    def rate(name: str) -> str:
        rates, waits = zip(*((one.rate, one.p99) for one in loads[name]), strict=True)
        wait = 1000 * statistics.median(waits)
        return f"{statistics.median(rates):>8,.0f} a second, p99 {wait:.2f} ms"

    def ratio(name: str, other: str, of: Callable[[Load], float] = lambda one: one.rate) -> str:
        """The median over rounds: within one, the machine is nearly the same for both."""
        both = zip(loads[name], loads[other], strict=True)
        found = sorted(of(ours) / of(theirs) for ours, theirs in both)
        return f"{statistics.median(found):>8.2f}, from {found[0]:.2f} to {found[-1]:.2f}"

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
        "p99 of cached / of hello (at most 1.5)": ratio("cached", "hello", lambda one: one.p99),
        "cache off / bare GET (at least 0.85)": ratio("plain", "bare"),
        "live of 10, cache off / bare MGET (0.6)": ratio("live 10", "rows"),
        "filtered, cache off": rate("filtered plain"),
        "filtered, lists remembered": rate("filtered cached"),
        "filtered / unfiltered, cache off (0.75)": ratio("filtered plain", "plain"),
        "title search": rate("search"),
    }
    title = f"{wrk.CONNECTIONS} connections, {len(live.users)} users at random, one worker"
    show(f"Lookups, {title}", rows)
