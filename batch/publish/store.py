"""Connecting to the store, for batch work: patient, unlike the API."""

from typing import Final

from redis import ConnectionPool, Redis
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
        pool = ConnectionPool.from_url(url)
    except ValueError:
        # The address may hold a password, so neither it nor what is wrong in it is repeated.
        raise SettingsError(
            "cannot use the store address: it must be redis://, rediss:// or unix://, and "
            "special characters in a password must be percent-encoded"
        ) from None
    # After from_url, since options in the address would win over arguments to it.
    pool.connection_kwargs.update(
        decode_responses=False,
        socket_timeout=_SECONDS,
        socket_connect_timeout=_SECONDS,
        retry=retry,
        retry_on_error=[RedisConnectionError, RedisTimeoutError],
    )
    return Redis(connection_pool=pool)
