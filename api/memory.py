"""Keeps what the C library holds of memory small, where it is glibc; elsewhere nothing happens."""

import ctypes
from typing import Final

_ARENA_MAX: Final = -8
"""M_ARENA_MAX of glibc's malloc.h."""


def share_one_heap() -> None:
    """Keep it from giving each thread a heap of its own, which never shrinks again.

    A worker has dozens of threads, of which one runs at a time: one heap serves them all.
    """
    tune = getattr(ctypes.CDLL(None), "mallopt", None)
    if tune is not None:
        tune(_ARENA_MAX, 1)


def give_back() -> None:
    """Give back memory that was needed once, and that is kept for later."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
