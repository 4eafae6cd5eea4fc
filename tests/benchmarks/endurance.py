"""What shows after a while only: flips under load, memory over many requests; a quick start."""

import statistics
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import click
from redis import Redis

from schemas import catalogue_codec, keys, pointer
from schemas.pointer import Pointer, Variant
from schemas.records import Generation, UserId
from tests.benchmarks import servers, wrk
from tests.benchmarks.lookups import QUIET, Published, published
from tests.benchmarks.ratios import show
from tests.benchmarks.wrk import Target

REQUESTS: Final = 100_000
FLIPS: Final = 24
FLIP_SECONDS: Final = 0.6
CLIENTS: Final = 2
CONNECTIONS: Final = 16
USERS: Final = 2_000
MANY: Final = 1_000_000
PARTS: Final = 10
STARTS: Final = 5
OTHER: Final = Generation("20000101T000000Z")

Bodies = Mapping[int, bytes]


def measure(url: str, work: Path) -> None:
    """Run all three."""
    live = published(url)
    _start(url)
    _flips(url, live)
    if wrk.is_there():
        _memory(url, live, work)


def _flips(url: str, live: Published) -> None:
    """Flip to and fro while clients compare each answer, byte for byte, with what one generation
    answers alone.
    """
    users = live.users[:USERS]
    with Redis.from_url(url) as client, _second_generation(client, live, users):
        before = client.hget(keys.CONTROL, "pointer")
        with servers.api(url, workers=2, **QUIET) as address:
            answers = [_alone(client, address, name, users) for name in (live.generation, OTHER)]
            done = threading.Event()
            flipper = threading.Thread(target=_flip, args=(client, live.generation, done))
            flipper.start()
            try:
                counts = _ask(address, users, answers)
            finally:
                done.set()
                flipper.join()
                client.hset(keys.CONTROL, "pointer", before)
    total = {name: sum(one[name] for one in counts) for name in counts[0]}
    show(
        f"Flips under load, {CLIENTS * CONNECTIONS} connections, 2 workers",
        {
            "requests": f"{sum(total.values()):,}",
            "of the one generation": f"{total['first']:,}",
            "of the other": f"{total['second']:,}",
            "of neither, or failed (must be 0)": f"{total['wrong']:,}",
            "flips seen in the pointer": f"{_flipped[0]}",
        },
    )
    if total["wrong"]:
        raise click.ClickException("some answers were wrong")


_flipped = [0]


def _flip(client: Redis, first: str, done: threading.Event) -> None:
    """Until the clients are done, but at least FLIPS times."""
    _flipped[0] = 0
    while not done.wait(FLIP_SECONDS):
        _make_live(client, OTHER if _flipped[0] % 2 == 0 else Generation(first))
        _flipped[0] += 1


def _make_live(client: Redis, generation: Generation) -> None:
    client.hset(keys.CONTROL, "pointer", pointer.encode(Pointer((Variant(generation, 1.0),))))


@contextmanager
def _second_generation(client: Redis, live: Published, users: Sequence[int]) -> Iterator[None]:
    """A generation with other titles, in which each user has the list of another."""
    first, made = Generation(live.generation), []
    titles = catalogue_codec.decode(client.get(keys.catalogue(first)))
    renamed = [replace(one, title=f"Other {one.title}") for one in titles]
    made.append((keys.catalogue(OTHER), catalogue_codec.encode(renamed)))
    for name in (keys.manifest, keys.popular):
        made.append((name(OTHER), client.get(name(first))))
    lists = client.mget([keys.user(first, UserId(user)) for user in users])
    for user, payload in zip(users, [*lists[1:], lists[0]], strict=True):
        made.append((keys.user(OTHER, UserId(user)), payload))
    client.mset(dict(made))
    try:
        yield
    finally:
        client.delete(*(key for key, _ in made))


def _alone(client: Redis, address: str, generation: str, users: Sequence[int]) -> Bodies:
    """What each user is answered while one generation is live and nothing changes."""
    _make_live(client, Generation(generation))
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_bodies, address, generation, users).result()


def _bodies(address: str, generation: str, users: Sequence[int]) -> Bodies:
    connection = HTTPConnection(address.removeprefix("http://"))
    while f'"{generation}"'.encode() not in _get(connection, users[0])[1]:
        time.sleep(0.02)  # the worker of this connection has not followed yet
    return {user: _get(connection, user)[1] for user in users}


def _get(connection: HTTPConnection, user: int) -> tuple[int, bytes]:
    connection.request("GET", f"/v1/users/{user}/recommendations")
    answer = connection.getresponse()
    return answer.status, answer.read()


def _ask(address: str, users: Sequence[int], answers: Sequence[Bodies]) -> list[dict[str, int]]:
    with get_context("spawn").Pool(CLIENTS) as pool:
        each = [(address, users[n::CLIENTS], answers) for n in range(CLIENTS)]
        return pool.starmap(_client, each)


def _client(address: str, users: Sequence[int], answers: Sequence[Bodies]) -> dict[str, int]:
    """One process with some connections; it goes on until enough was asked and flipped."""
    until = time.monotonic() + FLIPS * FLIP_SECONDS
    counts = {"first": 0, "second": 0, "wrong": 0}
    asked, lock = [0], threading.Lock()

    def one_connection(start: int) -> None:
        connection = HTTPConnection(address.removeprefix("http://"))
        at = start
        while asked[0] < REQUESTS // CLIENTS or time.monotonic() < until:
            user = users[at % len(users)]
            at += CONNECTIONS
            verdict = _verdict(connection, user, answers)
            with lock:
                counts[verdict] += 1
                asked[0] += 1

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(one_connection, range(CONNECTIONS)))
    return counts


def _verdict(connection: HTTPConnection, user: int, answers: Sequence[Bodies]) -> str:
    try:
        status, body = _get(connection, user)
    except OSError:
        connection.close()
        return "wrong"
    if status == 200 and body == answers[0][user]:
        return "first"
    return "second" if status == 200 and body == answers[1][user] else "wrong"


def _memory(url: str, live: Published, work: Path) -> None:
    """A full and changing cache: known users, and as many strangers."""
    draw = ",".join(map(str, live.users))
    script = (
        f"local ids = {{{draw}}}\nmath.randomseed(os.time())\nrequest = function()\n"
        "  local id = math.random(2) == 1 and ids[math.random(#ids)] or math.random(1e9)\n"
        "  return wrk.format('GET', '/v1/users/' .. id .. '/recommendations')\nend\n"
    )
    with servers.api(url, **QUIET) as address:
        worker = _worker_of(address)
        sizes, asked = [_megabytes(worker)], 0
        while asked < MANY:
            seconds = 10
            asked += round(wrk.run(Target(address, script), work, seconds).rate * seconds)
            sizes.append(_megabytes(worker))
    third = len(sizes) // 3
    show(
        f"Memory of a worker over {asked:,} requests, cache of 64 MB",
        {
            "at the start": f"{sizes[0]:.0f} MB",
            "each 10 s": ", ".join(f"{one:.0f}" for one in sizes[1:]),
            "grown in the last two thirds": f"{sizes[-1] - sizes[third]:+.0f} MB",
            "largest (at most 200)": f"{max(sizes):.0f} MB",
        },
    )


def _worker_of(address: str) -> int:
    """The process that answers: the child of the one that was started with this port."""
    port = address.rpartition(":")[2]
    for parent in Path("/proc").glob("[0-9]*"):
        try:
            environment = (parent / "environ").read_bytes()
        except OSError:
            continue
        if f"ANIREC_PORT={port}\0".encode() in environment:
            children = (parent / "task" / parent.name / "children").read_text().split()
            if children:
                return int(children[-1])
    raise click.ClickException("the worker was not found")


def _megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    (size,) = [line.split()[1] for line in lines if line.startswith("VmRSS")]
    return int(size) / 1024


def _start(url: str) -> None:
    seconds = []
    for _ in range(STARTS):
        began = time.perf_counter()
        with servers.api(url, **QUIET):
            seconds.append(time.perf_counter() - began)
    show(
        "From start to ready",
        {
            "median (at most 3 s)": f"{statistics.median(seconds):.2f} s",
            "longest": f"{max(seconds):.2f} s",
        },
    )
