"""Load from wrk: no client in Python keeps up with the API."""

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import click

CONNECTIONS: Final = 32
PATIENCE: Final = "10s"
"""For one answer: threads of the reference let one wait for seconds, now and then."""
_RATE: Final = re.compile(r"Requests/sec:\s+([\d.]+)")
_P99: Final = re.compile(r"99%\s+([\d.]+)(us|ms|s)")
_BAD: Final = re.compile(r"Non-2xx or 3xx responses: (\d+)")
_ERRORS: Final = re.compile(r"Socket errors: (.*)")
_UNITS: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


@dataclass(frozen=True, slots=True)
class Target:
    """An address and a Lua script that says what is asked there."""

    address: str
    script: str = ""


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of wrk saw: requests a second, seconds."""

    rate: float
    p99: float


def is_there() -> bool:
    """Whether wrk is installed; says so if not."""
    if shutil.which("wrk"):
        return True
    click.echo("\nLookups were NOT measured: wrk is missing (Debian: apt-get install wrk)")
    return False


def lookups(path: str, users: Sequence[int], queries: Sequence[str] = ("",)) -> str:
    """A script that asks for users and queries at random; `path` has a %s for the id."""
    ids = ",".join(map(str, users))
    asked = ",".join(f"'?{one}'" if one else "''" for one in queries)
    return (
        f"local ids = {{{ids}}}\nlocal asked = {{{asked}}}\nmath.randomseed(os.time())\n"
        f"request = function() return wrk.format('GET', "
        f"string.format('{path}', ids[math.random(#ids)]) .. asked[math.random(#asked)]) end\n"
    )


def searches(path: str, texts: Sequence[str]) -> str:
    """A script that types texts at random; `path` has a %s for the text."""
    listed = ",".join(f"'{quote(one, safe='')}'" for one in texts)
    before, _, after = path.partition("%s")
    return (
        f"local texts = {{{listed}}}\nmath.randomseed(os.time())\n"
        f"request = function() return wrk.format('GET', "
        f"'{before}' .. texts[math.random(#texts)] .. '{after}') end\n"
    )


def bodies(path: str, texts: Sequence[str]) -> str:
    """A script that posts one of some JSON bodies at random."""
    listed = ",".join(map(json.dumps, texts))
    return (
        f"local texts = {{{listed}}}\nmath.randomseed(os.time())\n"
        "local headers = {['Content-Type'] = 'application/json'}\n"
        f"request = function() return wrk.format('POST', '{path}', headers, "
        "texts[math.random(#texts)]) end\n"
    )


def run(target: Target, folder: Path, seconds: int) -> Load:
    """Ask as fast as answers come, over CONNECTIONS connections.

    Raises:
        ClickException: some answers were errors.
    """
    script = folder / "wrk.lua"
    script.write_text(target.script, encoding="utf-8")
    command = [
        "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", PATIENCE, "--latency",
        "-s", str(script), target.address,
    ]  # fmt: skip
    done = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if _BAD.search(done) or _ERRORS.search(done):
        raise click.ClickException(f"some answers were errors:\n{done}")
    rate, p99 = _RATE.search(done), _P99.search(done)
    if rate is None or p99 is None:
        raise click.ClickException(f"wrk said something else:\n{done}")
    return Load(float(rate[1]), float(p99[1]) * _UNITS[p99[2]])
