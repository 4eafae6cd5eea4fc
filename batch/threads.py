"""Ranking blocks of users or titles side by side."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits

from batch.chunks import chunks

Block = TypeVar("Block")


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
