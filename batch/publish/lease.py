"""The one lease: whoever writes lists holds it from start to end, and a thread keeps it alive."""

import logging
import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from redis import RedisError

from schemas.errors import LeaseHeldError, LeaseLostError
from schemas.store.control import Control

log = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 1.0
"""How often whoever waits for the lease asks for it."""


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
            raise LeaseLostError("the lease ran out while this run worked; nothing was flipped")


def holder_name(task: str) -> str:
    """Who we are, for whoever finds the lease taken: a task, a process and a machine."""
    return f"{task} {os.getpid()} on {socket.gethostname()}"


@contextmanager
def hold(control: Control, holder: str, seconds: int, *, wait: bool = False) -> Iterator[Lease]:
    """Take the lease, keep it while the block runs, give it back.

    Raises:
        LeaseHeldError: somebody else has it, and we were not told to wait.
    """
    lease = Lease(_acquire_when_free(control, holder, seconds * 1000, wait=wait))
    done = threading.Event()
    keeper = threading.Thread(target=_keep, args=(control, lease, seconds, done), daemon=True)
    keeper.start()
    try:
        yield lease
    finally:
        done.set()
        keeper.join()
        control.release(lease.fence)


def _acquire_when_free(control: Control, holder: str, milliseconds: int, *, wait: bool) -> int:
    waited_for = ""
    while True:
        try:
            return _acquire(control, holder, milliseconds)
        except LeaseHeldError as held:
            if not wait:
                raise
            if str(held) != waited_for:
                waited_for = str(held)
                log.info("waiting for the lease: %s holds it", waited_for)
        time.sleep(_LOOK_SECONDS)


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
