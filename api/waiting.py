"""Plain functions on an event loop: where one waits for the store, others go on.

A lookup is one plain function that asks the store in its midst, from Flask's threads as from the
loop. On the loop it runs in a greenlet, which `wait_for` leaves until what it waits for is there.

Greenlets are used again: each has a stack of Python frames of its own, which the system would have
to be asked for, and told about, with each request.
"""

import threading
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple, TypeVar, cast

from greenlet import GreenletExit, getcurrent, greenlet

Found = TypeVar("Found")

MOST_IDLE: Final = 256
"""Greenlets that a thread keeps for later, of 16 KiB each."""


class _Plain(greenlet):
    """Runs one plain function after the other; whoever hands one in hands what it waits for to the
    loop.
    """

    outcome: "_Outcome | None" = None


class _Outcome(NamedTuple):
    """What a function came to."""

    value: Any = None
    error: BaseException | None = None


class _Idle(threading.local):
    """Greenlets belong to the thread that made them."""

    def __init__(self) -> None:
        self.plain: list[_Plain] = []


_IDLE: Final = _Idle()


def on_loop() -> bool:
    """Whether this code was started by `run`: then it must wait by `wait_for` only."""
    return isinstance(getcurrent(), _Plain)


async def run(ask: Callable[[], Found]) -> Found:
    """What `ask` returns, or raises; it may call `wait_for`."""
    plain = _IDLE.plain.pop() if _IDLE.plain else _started()
    there = plain.switch(ask)
    while there is not None:
        try:
            value = await there
        except BaseException as error:  # a cancelled request too has to leave its blocks
            there = plain.throw(error)
        else:
            there = plain.switch(value)
    outcome, plain.outcome = plain.outcome, None
    if outcome is None:  # then it is not idle, and must not get somebody else's request
        raise RuntimeError("a function on the loop waited for nothing")
    if len(_IDLE.plain) < MOST_IDLE:
        _IDLE.plain.append(plain)
    try:
        if outcome.error is not None:
            raise outcome.error
        return cast(Found, outcome.value)
    finally:
        del outcome  # an error knows this frame, which would know the error


def _started() -> _Plain:
    """One that waits for a function."""
    plain = _Plain(_serve)
    plain.switch()
    return plain


def _serve() -> None:
    """Call what is handed in, and say None once its outcome is there; keep nothing of it.

    Nor itself: what waits here and names itself is never given back.
    """
    while True:
        ask = _current().parent.switch(None)
        outcome = _outcome(ask)
        del ask
        _current().outcome = outcome
        del outcome


def _current() -> Any:
    return getcurrent()


def _outcome(ask: Callable[[], object]) -> _Outcome:
    try:
        return _Outcome(ask())
    except GreenletExit:  # nobody waits for us any more
        raise
    except BaseException as error:
        return _Outcome(error=error)


def wait_for(there: Awaitable[Found]) -> Found:
    """Let others go on until something is there; only below `run`."""
    parent = getcurrent().parent
    assert parent is not None, "nobody is there to wait for it"
    return cast(Found, parent.switch(there))
