"""Going away politely: for a moment before it stops, a server says so in each answer.

`/readyz` fails, so that a load balancer sends nothing new, and connections are closed after their
answer. The parent process says it to its workers through a file of one byte, mapped by all.
"""

import mmap
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Timer
from typing import Final

FILE: Final = "ANIREC_DRAIN_FILE"
"""Set for workers by their parent."""


def make(path: Path) -> None:
    """Make the file that says: not yet."""
    path.write_bytes(b"\0")


def begin(path: Path) -> None:
    """Say that we are going away."""
    with path.open("r+b") as file:
        file.write(b"\1")


def watch(env: Mapping[str, str]) -> Callable[[], bool]:
    """A question that costs next to nothing: are we going away?"""
    if FILE not in env:
        return lambda: False
    with open(env[FILE], "rb") as file:
        seen = mmap.mmap(file.fileno(), 1, access=mmap.ACCESS_READ)
    return lambda: seen[0] != 0


def before_stopping(path: Path, seconds: float) -> None:
    """Let SIGTERM say it first and stop us some seconds later; a second one stops us at once."""
    stop = signal.getsignal(signal.SIGTERM)
    if not seconds or not callable(stop):
        return

    def leave(*_: object) -> None:
        signal.signal(signal.SIGTERM, stop)
        begin(path)
        timer = Timer(seconds, stop, (signal.SIGTERM, None))
        timer.daemon = True
        timer.start()

    signal.signal(signal.SIGTERM, leave)
