"""`anirec serve`: the API as a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import click

from jobs import options


@click.command(context_settings={"max_content_width": 100})
@options.store_option
@click.option(
    "--host",
    envvar="ANIREC_HOST",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; 0.0.0.0 for all of this machine.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    envvar="ANIREC_PORT",
    default=8080,
    show_default=True,
    help="Port to listen on.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    envvar="ANIREC_WORKERS",
    default=1,
    show_default=True,
    help="Processes that answer; each has caches of its own.",
)
def serve(store: str | None, host: str, port: int, workers: int) -> None:
    """Serve the API and the dashboard until it is told to stop.

    \b
    Example: anirec serve --store redis://localhost:6379 --host 0.0.0.0 --workers 2
    """
    with options.opened_store(store) as url, api_process(url, host, port, workers) as server:
        sys.exit(_exit_code(server.wait()))


def _exit_code(ended: int) -> int:
    """Of the contract also where a signal ended the API; SIGTERM is an operator's way to."""
    if ended >= 0:
        return ended
    return 0 if ended == -signal.SIGTERM else 1


@contextmanager
def api_process(
    store: str, host: str, port: int, workers: int = 1, more: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """The API as a child process; it stops when the block ends, however we end.

    Ctrl-C, and SIGTERM since `jobs.cli` turns it into the same, end the block without an error.
    `more` are settings by the names of their variables, as api.settings reads them.
    """
    settings = {
        "ANIREC_STORE": store,
        "ANIREC_HOST": host,
        "ANIREC_PORT": str(port),
        "ANIREC_WORKERS": str(workers),
        **(more or {}),
    }
    with suppress(KeyboardInterrupt), _child(settings) as server:
        yield server


@contextmanager
def _child(settings: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """It holds the other end of a pipe, by which it learns of our end even after kill -9."""
    reading, writing = os.pipe()
    try:
        try:
            server = subprocess.Popen(
                [sys.executable, "-m", "api"],
                env=os.environ | settings | {"ANIREC_PARENT_PIPE": str(reading)},
                pass_fds=(reading,),
            )
        finally:
            os.close(reading)
        try:
            yield server
        finally:
            server.terminate()
            server.wait()
    finally:
        os.close(writing)
