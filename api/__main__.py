"""Serves the API until SIGTERM or SIGINT: python -m api."""

import os
import signal
import socket
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import NoReturn

import click
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import Server

from api import draining, logs, memory, parent, process
from api.settings import Settings, from_env
from schemas.errors import SettingsError

KILL_SECONDS = 5


@click.command()
def main() -> None:
    """Serve recommendations over HTTP.

    Settings are environment variables, listed in docs/operations.md; ANIREC_STORE is required.
    Example: ANIREC_STORE=redis://localhost python -m api
    """
    memory.share_one_heap()  # before there are threads, and workers inherit it
    logs.set_up()
    parent.follow(os.environ)
    try:
        settings = from_env(os.environ)
    except SettingsError as error:
        _leave(2, str(error))
    try:
        ip = _free_ip(settings)
    except OSError as error:
        _leave(1, f"cannot listen on {_address(settings)}: {error.strerror}")
    with tempfile.TemporaryDirectory(prefix="anirec-metrics-") as folder:
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", folder)
        drain = Path(folder) / "drain"
        draining.make(drain)
        os.environ[draining.FILE] = str(drain)
        _serve(settings, ip, drain)


def _serve(settings: Settings, ip: str, drain: Path) -> None:
    server = Server(
        "api.process",
        address=ip,
        port=settings.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,  # of many streams in one connection each could hold a body
        websockets=False,
        workers=settings.workers,
        workers_kill_timeout=KILL_SECONDS,
        respawn_failed_workers=True,
        log_level=LogLevels.error,  # its warning about killed workers is often untrue
    )
    server.on_startup(lambda: print(f"Serving on http://{_address(settings)}", flush=True))
    server.on_startup(lambda: draining.before_stopping(drain, settings.drain_seconds))
    os.register_at_fork(after_in_child=_let_a_new_worker_be_stopped)
    server.serve(target_loader=partial(process.serve, settings), wrap_loader=False)


def _let_a_new_worker_be_stopped() -> None:
    """A worker is born with its parent's signal handlers, which would swallow an early stop.

    Ctrl-C reaches workers too, but the parent stops them by SIGTERM, and both may hang one.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _free_ip(settings: Settings) -> str:
    """Look the host up, since the server takes no names, and refuse a taken port, since the
    server would share it with a stranger.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(
        settings.host, settings.port, type=socket.SOCK_STREAM
    )[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
    return str(address[0])


def _address(settings: Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{host}:{settings.port}"


def _leave(code: int, message: str) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
