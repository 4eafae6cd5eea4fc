"""What one worker process runs: its own Redis client and the app over it."""

from flask import Flask
from redis import ConnectionPool, Redis

from api.app import create_app
from api.repository import RedisRankings
from api.settings import Settings


def build(settings: Settings) -> Flask:
    return create_app(RedisRankings(connect(settings)))


def connect(settings: Settings) -> Redis:
    """A client that gives up quickly: an unanswered lookup must not hold a worker."""
    pool = ConnectionPool.from_url(settings.store)
    # After from_url, since options in the address would win over arguments to it.
    pool.connection_kwargs.update(
        decode_responses=False,
        socket_timeout=settings.store_timeout,
        socket_connect_timeout=settings.store_timeout,
    )
    return Redis(connection_pool=pool)
