"""`anirec serve`: the API as a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from jobs import options


@click.command(context_settings={"max_content_width": 100})
@options.store_option
@click.option("--host", envvar="ANIREC_HOST", default="127.0.0.1", show_default=True)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    envvar="ANIREC_PORT",
    default=8080,
    show_default=True,
)
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    envvar="ANIREC_WORKERS",
    default=1,
    show_default=True,
    help="Processes.",
)
def serve(store: str | None, host: str, port: int, workers: int) -> None:
    """Serve the API until it is told to stop.

    \b
    Example: anirec serve --store redis://localhost:6379 --host 0.0.0.0 --workers 2
    """
    with options.opened_store(store) as url, api_process(url, host, port, workers) as server:
        sys.exit(server.wait())


@contextmanager
def api_process(
    store: str, host: str, port: int, workers: int = 1
) -> Iterator[subprocess.Popen[bytes]]:
    """The API as a child process; it is told to stop when the block ends, or when we are."""
    settings = {
        "ANIREC_STORE": store,
        "ANIREC_HOST": host,
        "ANIREC_PORT": str(port),
        "ANIREC_WORKERS": str(workers),
    }
    server = subprocess.Popen([sys.executable, "-m", "api"], env=os.environ | settings)
    before = signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    try:
        yield server
    except KeyboardInterrupt:
        pass  # Ctrl-C reaches the whole foreground group: the server is stopping already
    finally:
        server.terminate()
        server.wait()
        signal.signal(signal.SIGTERM, before)
