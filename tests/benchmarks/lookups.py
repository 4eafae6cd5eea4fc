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
from urllib.request import urlopen

import click
from redis import Redis

from api.__main__ import BLOCKING_THREADS
from jobs.serve import api_process
from schemas import keys, pointer
from tests.benchmarks.ratios import show

CONNECTIONS = 32
SECONDS = 4
ROUNDS = 3
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
        targets = {
            "hello": (f"{reference}/hello", ""),
            "raw": (reference, "/raw/%s"),
            "ours": (ours, "/v1/users/%s/recommendations"),
        }
        rates: dict[str, list[float]] = {name: [] for name in targets}
        for _ in range(ROUNDS + 1):
            for name, (address, path) in targets.items():
                rates[name].append(_wrk(address, path, users, script))
    rate = {name: statistics.median(found[1:]) for name, found in rates.items()}
    show(
        f"Lookups, {CONNECTIONS} connections, {len(users)} users at random, one worker",
        {
            "ours: ten titles with reasons": f"{rate['ours']:,.0f} a second",
            "Flask with one bare GET": f"{rate['raw']:,.0f} a second",
            "Flask hello": f"{rate['hello']:,.0f} a second",
            "ours / bare GET": f"{rate['ours'] / rate['raw']:.2f}",
            "ours / hello": f"{rate['ours'] / rate['hello']:.2f}",
        },
    )


def _published(url: str) -> tuple[str, list[int]]:
    with Redis.from_url(url) as client:
        text = client.hget(keys.CONTROL, "pointer")
        generation = pointer.decode(text).live[0].generation
        prefix = keys.prefix(generation, "u")
        found = client.scan_iter(match=f"{prefix}*", count=1000)
        return generation, [int(key[len(prefix) :]) for key in found]


def _wrk(address: str, path: str, users: Sequence[int], script: Path) -> float:
    ids = ",".join(map(str, users))
    script.write_text(
        f"local ids = {{{ids}}}\nmath.randomseed(os.time())\n"
        f"request = function() return wrk.format('GET', "
        f"string.format('{path}', ids[math.random(#ids)])) end\n"
        if path
        else "",
        encoding="utf-8",
    )
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
