"""The one lease: a refresh holds it from start to flip, and a thread keeps it alive."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from redis import RedisError

from batch.publish.control import Control
from schemas.errors import LeaseLostError


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease we took; `fence` is its token."""

    fence: int
    _lost: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Stop early when all further work would be for nothing.

        Raises:
            LeaseLostError: the lease ran out.
        """
        if self._lost.is_set():
            raise LeaseLostError("the lease ran out while this refresh worked; nothing was flipped")


@contextmanager
def hold(control: Control, holder: str, seconds: int) -> Iterator[Lease]:
    """Take the lease, keep it while the block runs, give it back.

    Raises:
        LeaseHeldError: somebody else has it.
    """
    lease = Lease(control.acquire(holder, seconds * 1000))
    done = threading.Event()
    keeper = threading.Thread(target=_keep, args=(control, lease, seconds, done), daemon=True)
    keeper.start()
    try:
        yield lease
    finally:
        done.set()
        keeper.join()
        control.release(lease.fence)


def _keep(control: Control, lease: Lease, seconds: int, done: threading.Event) -> None:
    while not done.wait(seconds / 3):
        try:
            kept = control.renew(lease.fence, seconds * 1000)
        except RedisError:
            continue  # a passing fault; a lease that ran out meanwhile is seen at the next try
        if not kept:
            lease._lost.set()
            return
