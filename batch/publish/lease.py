"""The one lease: a refresh holds it from start to flip, and a thread keeps it alive."""

import os
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from redis import RedisError

from batch.publish.control import Control
from schemas.errors import LeaseHeldError, LeaseLostError


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease we took; `fence` is its token."""

    fence: int
    _lost: threading.Event = field(default_factory=threading.Event)

    def lose(self) -> None:
        """Note that it has run out."""
        self._lost.set()

    def check(self) -> None:
        """Stop early when all further work would be for nothing.

        Raises:
            LeaseLostError: the lease ran out.
        """
        if self._lost.is_set():
            raise LeaseLostError("the lease ran out while this refresh worked; nothing was flipped")


def holder_name(task: str) -> str:
    """Who we are, for whoever finds the lease taken: a task, a process and a machine."""
    return f"{task} {os.getpid()} on {socket.gethostname()}"


@contextmanager
def hold(control: Control, holder: str, seconds: int) -> Iterator[Lease]:
    """Take the lease, keep it while the block runs, give it back.

    Raises:
        LeaseHeldError: somebody else has it.
    """
    lease = Lease(_acquire(control, holder, seconds * 1000))
    done = threading.Event()
    keeper = threading.Thread(target=_keep, args=(control, lease, seconds, done), daemon=True)
    keeper.start()
    try:
        yield lease
    finally:
        done.set()
        keeper.join()
        control.release(lease.fence)


def _acquire(control: Control, holder: str, milliseconds: int) -> int:
    """Take the lease, also from a holder that was killed on this machine a moment ago."""
    try:
        return control.acquire(holder, milliseconds)
    except LeaseHeldError as held:
        if not _is_dead(str(held)):
            raise
        control.take_away(str(held))
    return control.acquire(holder, milliseconds)


def _is_dead(holder: str) -> bool:
    """Whether it was a process of this machine that is gone.

    Should another machine carry our name, the fencing token still keeps the two apart.
    """
    named = re.search(r" (\d+) on (.*)$", holder)
    if named is None or named[2] != socket.gethostname():
        return False
    try:
        os.kill(int(named[1]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _keep(control: Control, lease: Lease, seconds: int, done: threading.Event) -> None:
    while not done.wait(seconds / 3):
        try:
            kept = control.renew(lease.fence, seconds * 1000)
        except RedisError:
            continue  # a passing fault; a lease that ran out meanwhile is seen at the next try
        if not kept:
            lease.lose()
            return
