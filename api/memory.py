"""What the C library and Python do with memory; where it is not glibc, Python alone."""

import ctypes
import gc
from typing import Final

_ARENA_MAX: Final = -8
"""M_ARENA_MAX of glibc's malloc.h."""
_OBJECTS: Final = 20_000


def give_back() -> None:
    """Return what was needed once, which is kept for later otherwise."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def share_one_heap() -> None:
    """Keep each thread from having a heap of its own, which never shrinks again.

    A worker has dozens of threads, of which one runs at a time: one heap serves them all.
    """
    tune = getattr(ctypes.CDLL(None), "mallopt", None)
    if tune is not None:
        tune(_ARENA_MAX, 1)


def look_for_cycles_seldom() -> None:
    """Requests leave none; to look after every 700 objects takes a sixtieth of a worker's time."""
    gc.set_threshold(_OBJECTS)
