"""Clients for commands that look after a store: patient, and without batch's dependencies."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from jobs import options

if TYPE_CHECKING:
    from redis import Redis

_SECONDS: Final = 30.0
_RETRIES: Final = 3


@contextmanager
def opened(url: str | None) -> Iterator["Redis"]:
    """A client of the store that was asked for, or of an embedded one, while the block runs."""
    with options.opened_store(url) as address, connected(address) as client:
        yield client


def connected(address: str) -> "Redis":
    """A client that waits and tries again before it gives up."""
    from redis.backoff import ExponentialBackoff

    from schemas.store.connections import Patience, connect

    return connect(address, Patience(_SECONDS, _RETRIES, ExponentialBackoff(cap=2, base=0.1)))
