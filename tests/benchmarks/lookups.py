"""Lookups under granian against Flask alone and Flask with one bare GET, same server settings."""

import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

import click
from redis import Redis

from api.__main__ import BLOCKING_THREADS
from jobs.serve import api_process
from schemas import keys, pointer
from tests.benchmarks import titles
from tests.benchmarks.ratios import show

CONNECTIONS = 32
SECONDS = 4
ROUNDS = 3
FILTERS = [
    *(f"genres={one}" for one in ("Action", "Comedy", "Drama", "Romance", "Fantasy", "Sci-Fi")),
    *(f"genres=Action&exclude_genres={one}" for one in ("Comedy", "School", "Mecha")),
    *(f"types={one}" for one in ("TV", "Movie", "TV,Movie", "OVA")),
    *(f"year_min={one}" for one in range(2000, 2019, 2)),
    *(f"year_min={one}&year_max={one + 9}&types=TV" for one in (1990, 2000, 2010)),
    *(f"genres={one}&types=TV&year_min=2005" for one in ("Drama", "Comedy", "Adventure")),
]
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_BAD = re.compile(r"Non-2xx or 3xx responses: (\d+)")


def measure(url: str, work: Path) -> None:
    """Ask for random users, in turns, with wrk."""
    if shutil.which("wrk") is None:
        click.echo("\nLookups were NOT measured: wrk is missing (Debian: apt-get install wrk)")
        return
    generation, users = _published(url)
    script = work / "random_user.lua"
    with ExitStack() as stack:
        ours = stack.enter_context(_api(url))
        reference = stack.enter_context(_reference(url, generation))
        known = titles.ids(url, generation)
        targets = {
            "hello": (f"{reference}/hello", ""),
            "raw": (reference, looking_up("/raw/%s", users)),
            "ours": (ours, looking_up("/v1/users/%s/recommendations", users)),
            "filtered": (ours, filtering("/v1/users/%s/recommendations", users)),
            "rows": (reference, sending("/rows", titles.lists(known))),
            "live": (ours, sending("/v1/recommendations", titles.bodies(known))),
            "search": (ours, searching(titles.typed(url, generation))),
        }
        rates: dict[str, list[float]] = {name: [] for name in targets}
        for _ in range(ROUNDS + 1):
            for name, (address, lua) in targets.items():
                rates[name].append(_wrk(address, lua, script))
    rate = {name: statistics.median(found[1:]) for name, found in rates.items()}
    show(
        f"Lookups, {CONNECTIONS} connections, {len(users)} users at random, one worker",
        {
            "ours: ten titles with reasons": f"{rate['ours']:,.0f} a second",
            "Flask with one bare GET": f"{rate['raw']:,.0f} a second",
            "Flask hello": f"{rate['hello']:,.0f} a second",
            "ours / bare GET": f"{rate['ours'] / rate['raw']:.2f}",
            "ours / hello": f"{rate['ours'] / rate['hello']:.2f}",
            "ours filtered": f"{rate['filtered']:,.0f} a second",
            "filtered / not filtered": f"{rate['filtered'] / rate['ours']:.2f}",
            "live, ten titles": f"{rate['live']:,.0f} a second",
            "Flask with one bare MGET of ten rows": f"{rate['rows']:,.0f} a second",
            "live / bare MGET": f"{rate['live'] / rate['rows']:.2f}",
            "title search": f"{rate['search']:,.0f} a second",
        },
    )


def _published(url: str) -> tuple[str, list[int]]:
    with Redis.from_url(url) as client:
        text = client.hget(keys.CONTROL, "pointer")
        generation = pointer.decode(text).live[0].generation
        prefix = keys.prefix(generation, "u")
        found = client.scan_iter(match=f"{prefix}*", count=1000)
        return generation, [int(key[len(prefix) :]) for key in found]


def looking_up(path: str, users: Sequence[int]) -> str:
    """A wrk script that asks for random users."""
    return _script(
        f"local ids = {_lua(users)}",
        f"return wrk.format('GET', string.format('{path}', ids[math.random(#ids)]))",
    )


def filtering(path: str, users: Sequence[int]) -> str:
    """The same, each time with another filter of what people filter by."""
    return _script(
        f"local ids = {_lua(users)}\nlocal filters = {_lua(FILTERS)}",
        f"return wrk.format('GET', string.format('{path}', ids[math.random(#ids)])"
        " .. '?' .. filters[math.random(#filters)])",
    )


def searching(texts: Sequence[str]) -> str:
    """A wrk script that types random texts."""
    return _script(
        f"local texts = {_lua([quote(text) for text in texts])}",
        "return wrk.format('GET', '/v1/anime?q=' .. texts[math.random(#texts)])",
    )


def sending(path: str, bodies: Sequence[str]) -> str:
    """A wrk script that sends random bodies."""
    return _script(
        f"local bodies = {_lua(bodies)}\nlocal headers = {{['Content-Type'] = 'application/json'}}",
        f"return wrk.format('POST', '{path}', headers, bodies[math.random(#bodies)])",
    )


def _script(once: str, each_time: str) -> str:
    return f"{once}\nmath.randomseed(os.time())\nrequest = function() {each_time} end\n"


def _lua(values: Sequence[object]) -> str:
    return "{" + ",".join(json.dumps(value) for value in values) + "}"


def _wrk(address: str, lua: str, script: Path) -> float:
    script.write_text(lua, encoding="utf-8")
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", str(script), address]
    done = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if _BAD.search(done):
        raise click.ClickException(f"some answers were errors:\n{done}")
    return float(_RATE.search(done).group(1))


@contextmanager
def _api(url: str) -> Iterator[str]:
    port = _free_port()
    with api_process(url, "127.0.0.1", port):
        yield _ready(f"http://127.0.0.1:{port}", "/readyz")


@contextmanager
def _reference(url: str, generation: str) -> Iterator[str]:
    port = _free_port()
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port),
        "--workers", "1", "--blocking-threads", str(BLOCKING_THREADS), "--no-ws",
        "--log-level", "error",
        "tests.benchmarks.reference_app:app",
    ]  # fmt: skip
    env = os.environ | {"ANIREC_STORE": url, "REFERENCE_GENERATION": generation}
    server = subprocess.Popen(command, env=env)
    try:
        yield _ready(f"http://127.0.0.1:{port}", "/hello")
    finally:
        server.terminate()
        server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _ready(address: str, path: str) -> str:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with urlopen(address + path, timeout=1) as answer:
                json.load(answer)
            return address
        except (URLError, OSError):
            time.sleep(0.1)
    raise click.ClickException(f"{address} did not get ready")
