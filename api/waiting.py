"""Plain functions on an event loop: where one waits for the store, others go on.

A lookup is one plain function that asks the store in its midst, from Flask's threads as from the
loop. On the loop it runs in a greenlet, which `wait_for` leaves until what it waits for is there.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

from greenlet import getcurrent, greenlet

Found = TypeVar("Found")


class _Plain(greenlet):
    """A plain function on its way; whoever starts it hands what it waits for to the loop."""


def on_loop() -> bool:
    """Whether this code was started by `run`: then it must wait by `wait_for` only."""
    return isinstance(getcurrent(), _Plain)


async def run(ask: Callable[[], Found]) -> Found:
    """What `ask` returns, or raises; it may call `wait_for`."""
    plain = _Plain(ask)
    found = plain.switch()
    while not plain.dead:
        try:
            value = await found
        except BaseException as error:  # a cancelled request too has to leave its blocks
            found = plain.throw(error)
        else:
            found = plain.switch(value)
    return cast(Found, found)


def wait_for(there: Awaitable[Found]) -> Found:
    """Let others go on until something is there; only below `run`."""
    parent = getcurrent().parent
    assert parent is not None, "nobody is there to wait for it"
    return cast(Found, parent.switch(there))
