"""The API and the reference app as processes under the same server settings."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.error import URLError
from urllib.request import urlopen

import click

from tests.redis_server import free_port

READY_SECONDS = 30
REFERENCE_THREADS = 2
"""With which the reference is fastest on two cores; of 1, 2, 4 and 64."""


@contextmanager
def api(url: str, workers: int = 1, **settings: str) -> Iterator[str]:
    """Address of the API, ready."""
    port = free_port()
    env = settings | {"ANIREC_STORE": url, "ANIREC_PORT": str(port), "ANIREC_WORKERS": str(workers)}
    with _running([sys.executable, "-m", "api"], env):
        yield ready(f"http://127.0.0.1:{port}", "/readyz")


@contextmanager
def reference(url: str, generation: str, workers: int = 1) -> Iterator[str]:
    """Address of the reference app, ready."""
    port = free_port()
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port),
        "--workers", str(workers), "--blocking-threads", str(REFERENCE_THREADS), "--no-ws",
        "--log-level", "error",
        "tests.benchmarks.reference_app:app",
    ]  # fmt: skip
    with _running(command, {"ANIREC_STORE": url, "REFERENCE_GENERATION": generation}):
        yield ready(f"http://127.0.0.1:{port}", "/hello")


@contextmanager
def _running(command: list[str], env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    server = subprocess.Popen(command, env=os.environ | env, stdout=subprocess.DEVNULL)
    try:
        yield server
    finally:
        server.terminate()
        server.wait()


def ready(address: str, path: str) -> str:
    """Wait until an address answers; returns it.

    Raises:
        ClickException: it does not.
    """
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            with urlopen(address + path, timeout=1) as answer:
                json.load(answer)
            return address
        except (URLError, OSError):
            time.sleep(0.02)
    raise click.ClickException(f"{address} did not get ready")
