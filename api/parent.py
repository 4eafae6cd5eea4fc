"""Ends the API with the command that started it, even when that command was killed.

The command keeps the writing end of a pipe and never writes: its kernel closes it for it.
"""

import os
import signal
from collections.abc import Mapping
from threading import Thread
from typing import Final

PIPE: Final = "ANIREC_PARENT_PIPE"
"""Number of the inherited reading end; unset where nobody is to be followed."""


def follow(env: Mapping[str, str]) -> None:
    """Send ourselves SIGTERM as soon as the parent is gone."""
    if PIPE in env:
        Thread(target=_stop_at_end_of, args=(int(env[PIPE]),), daemon=True).start()


def _stop_at_end_of(pipe: int) -> None:
    os.read(pipe, 1)
    os.kill(os.getpid(), signal.SIGTERM)
