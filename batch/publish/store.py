"""Connecting to the store, for batch work: patient, unlike the API."""

from typing import Final

from redis import Redis
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from schemas.errors import SettingsError

_SECONDS: Final = 30
_RETRIES: Final = 5


def connect(url: str) -> Redis:
    """A client that waits and tries again before it gives up.

    Raises:
        SettingsError: the address cannot be understood.
    """
    retry = Retry(ExponentialBackoff(cap=5, base=0.1), _RETRIES)
    try:
        return Redis.from_url(
            url,
            socket_timeout=_SECONDS,
            socket_connect_timeout=_SECONDS,
            retry=retry,
            retry_on_error=[RedisConnectionError, RedisTimeoutError],
        )
    except ValueError as error:
        raise SettingsError(f"cannot use the store address: {error}") from error
