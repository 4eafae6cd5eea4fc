"""Keeps the C library from giving each thread a heap of its own, which never shrinks again.

A worker has dozens of threads, of which one runs at a time: one heap serves them all.
"""

import ctypes
from typing import Final

_ARENA_MAX: Final = -8
"""M_ARENA_MAX of glibc's malloc.h."""


def share_one_heap() -> None:
    """Do so where the C library is glibc; elsewhere nothing happens."""
    tune = getattr(ctypes.CDLL(None), "mallopt", None)
    if tune is not None:
        tune(_ARENA_MAX, 1)
