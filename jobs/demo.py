"""`anirec demo`: the whole thing in one go, on sample data and an embedded store."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from jobs import logs, options
from jobs.embedded import embedded_redis
from jobs.serve import api_process

_READY_SECONDS: Final = 60.0
_WIDE: Final = 140
"""Columns for tables where there is no terminal to ask."""
_FOLDER: Final = options.VAR / "demo"
_USER: Final = 7
_LIKED: Final = ((1535, 10), (30276, 8), (32281, 9))
"""Death Note, One Punch Man, Your Name: somebody who has just come in."""
_RATINGS: Final = {"ANIREC_DASHBOARD_RATINGS": "1", "ANIREC_RATE_LIMIT": "600/minute"}
"""Pages take ratings here: whoever runs a demo is its only visitor."""
_SIMILAR_TO: Final = 5114
"""Fullmetal Alchemist: Brotherhood."""


@click.command(context_settings={"max_content_width": 100})
@click.option("--users", type=click.IntRange(min=50), default=5000, show_default=True,
              help="Viewers to make up.")  # fmt: skip
@click.option("--once", is_flag=True, help="Stop after the answers instead of serving on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port to serve on; by default a free one.",
)
def demo(users: int, once: bool, port: int) -> None:
    """Make up viewers, refresh their lists, ask the API three questions, and serve on.

    It has an embedded Redis of its own, and everything it writes lies under var/demo: it never
    touches other data or another store. A second run reloads the model. While it serves, pages
    take ratings, and a worker lets lists follow them.

    \b
    Example: anirec demo --once
    """
    logs.set_up()
    console = Console(width=None if Console().is_terminal else _WIDE)
    folder = _FOLDER / f"{users}-users"
    data = _sample(console, folder / "data", users)
    artifacts = folder / "artifacts"
    with ExitStack() as stack:
        url = stack.enter_context(embedded_redis(folder))
        _refresh(console, data, url, artifacts)
        served = port or _free_port()
        address = f"http://127.0.0.1:{served}"
        server = stack.enter_context(api_process(url, "127.0.0.1", served, more=_RATINGS))
        _wait_until_ready(address, server)
        _show_answers(console, address)
        if not once:
            stack.enter_context(_worker(url, artifacts))
            console.print(f"\nServing at {address} until Ctrl-C. Look at it with a browser.")
            console.print(
                f"At {address}/users?user_id={_USER} titles can be rated; the list follows."
            )
            server.wait()


@contextmanager
def _worker(store: str, artifacts: Path) -> Iterator[None]:
    """`anirec worker` as a child process; it stops when the block ends."""
    command = [sys.executable, "-m", "jobs.cli", "worker"]
    told = ["--store", store, "--artifacts", str(artifacts)]
    worker = subprocess.Popen([*command, *told])
    try:
        yield
    finally:
        worker.terminate()
        worker.wait()


def _sample(console: Console, folder: Path, users: int) -> Path:
    from batch.sample import write_sample

    if (folder / "animelist.csv").is_file():
        console.print(f"1. Using the sample data in {folder}")
        return folder
    done = write_sample(folder, users=users, anime=None, seed=1, overwrite=True)
    console.print(
        f"1. Made up {done.rows:,} rows of {done.users:,} users "
        f"and {done.anime:,} anime in {done.seconds:.1f} s: {folder}"
    )
    return folder


def _refresh(console: Console, data: Path, url: str, artifacts: Path) -> None:
    from batch.refresh import Request as RefreshRequest
    from batch.refresh import refresh
    from jobs.display import progress_display

    console.print("2. Refreshing: ingest, train or reload, score, publish")
    params = options.read_params(None)
    with progress_display() as progress:
        report = refresh(RefreshRequest(data, url, artifacts, params=params), progress)
    trained = "trained" if report.trained else "reloaded"
    console.print(
        f"   {report.generation} is live after {report.seconds['total']:.0f} s; model "
        f"{report.model} {trained} ({report.reason})"
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            _ask(f"{address}/readyz")
            return
        except OSError:  # refused, reset or timed out: it may yet come
            time.sleep(0.1)
    raise click.ClickException("the API did not get ready")


def _ask(url: str, body: object | None = None) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(url, data, headers), timeout=10) as response:
        answer: dict[str, Any] = json.load(response)
        return answer


def _show_answers(console: Console, address: str) -> None:
    user = f"{address}/v1/users/{_USER}/recommendations"
    console.print("3. Asking the API")
    _print(console, f"For user {_USER}   GET {user}", _ask(user))
    similar = f"{address}/v1/anime/{_SIMILAR_TO}/similar"
    title = _ask(f"{address}/v1/anime/{_SIMILAR_TO}")["title"]
    _print(console, f"Like {title}   GET {similar}", _ask(similar))
    ratings = [{"anime_id": anime_id, "rating": rating} for anime_id, rating in _LIKED]
    live = f"{address}/v1/recommendations"
    names = ", ".join(_ask(f"{address}/v1/anime/{one}")["title"] for one, _ in _LIKED)
    heading = f"For somebody new who likes {names}   POST {live}"
    _print(console, heading, _ask(live, {"ratings": ratings}))


def _print(console: Console, heading: str, answer: dict[str, Any]) -> None:
    explained = any(item.get("reasons") for item in answer["items"])
    table = Table("rank", "title", "type", "year", "score", box=SIMPLE_HEAD)
    if explained:
        table.add_column("because of")
    for item in answer["items"]:
        year, score = str(item["year"] or ""), f"{item['score']:.3f}"
        because = ", ".join(f"{one['title']} {one['share']:.0%}" for one in item.get("reasons", ()))
        cells = (str(item["rank"]), item["title"], item["type"], year, score)
        table.add_row(*cells, *((because,) if explained else ()))
    console.print(f"\n[bold]{heading}[/bold]", table, sep="\n")
    console.print(f"source: {answer['source']}, generation: {answer['generation']}")
