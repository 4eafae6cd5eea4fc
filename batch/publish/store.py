"""Connecting to the store, for batch work: patient, unlike the API."""

from typing import Final

from redis import Redis
from redis.backoff import ExponentialBackoff

from schemas.store import connections
from schemas.store.connections import Patience

_SECONDS: Final = 30
_RETRIES: Final = 5


def connect(url: str) -> Redis:
    """A client that waits and tries again before it gives up.

    Raises:
        SettingsError: the address cannot be understood.
    """
    backoff = ExponentialBackoff(cap=5, base=0.1)
    return connections.connect(url, Patience(_SECONDS, _RETRIES, backoff))
