"""Ranking blocks side by side, and waiting for long calls so that signals are heard."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits

from schemas.chunks import chunks

Block = TypeVar("Block")
Found = TypeVar("Found")


def in_threads(
    rank: Callable[[Block], list[bytes]], blocks: Iterable[Block]
) -> Iterator[list[bytes]]:
    """One thread a core, a few blocks at a time: numpy and scipy let go of the lock.

    BLAS gets one thread in each: its own would only get in their way.
    """
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(cores) as pool:
        for some in chunks(blocks, 4 * cores):
            yield from pool.map(rank, some)


def interruptible(compute: Callable[[], Found]) -> Found:
    """Call a library that may not return for a minute, and hear SIGTERM and Ctrl-C meanwhile.

    Whoever is interrupted goes on at once; the call runs on until it returns or the process ends.
    """
    found: Future[Found] = Future()

    def work() -> None:
        try:
            found.set_result(compute())
        except BaseException as error:
            found.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return found.result()
