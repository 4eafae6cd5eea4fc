"""What one worker process runs: its own Redis clients and the app over them."""

import atexit
import os
from typing import TYPE_CHECKING, Final

from flask import Flask
from redis import Redis
from redis.backoff import NoBackoff

from api import draining, logs, memory
from api.app import Parts, create_app, create_front
from api.auth import Keys
from api.exposure import Exposure
from api.front import Front
from api.guard import Guard
from api.inbox import Inbox
from api.limits import RateLimits
from api.lookup import Lookup
from api.ops.views import Ops
from api.readiness import Readiness, some_users
from api.repository import Rankings, RedisRankings
from api.settings import Settings
from api.writes import Writes
from schemas.store import connections
from schemas.store.connections import Patience

if TYPE_CHECKING:
    from api.metrics import Metrics

MEGABYTE: Final = 1024 * 1024
RETRIES: Final = 1
OPERATORS: Final = Patience(5.0, 1, NoBackoff())
"""Operators can wait, and what they ask for may take a while: all keys of a generation change."""


def serve(settings: Settings) -> Front:
    """What the server calls for each request."""
    memory.look_for_cycles_seldom()
    return create_front(*_made(settings))


def build(settings: Settings) -> Flask:
    """The same without a server's event loop."""
    return create_app(*_made(settings))


def _made(settings: Settings) -> tuple[Rankings, Parts]:
    from api.metrics import Metrics  # now that the worker knows where to write

    metrics = Metrics()
    lists = connect(settings.store, settings)
    kept = connect(settings.ratings_store, settings) if settings.ratings_store else lists
    cache = settings.cache_mb * MEGABYTE
    rankings = RedisRankings(lists, kept, cache, notes=metrics.note)
    return rankings, _parts(settings, metrics, rankings, lists, kept)


def _parts(
    settings: Settings, metrics: "Metrics", rankings: Rankings, lists: Redis, kept: Redis
) -> Parts:
    limits = RateLimits(lists, settings.rate_limit) if settings.rate_limit else None
    private = bool(settings.private_reads)
    inbox = Inbox(rankings, kept, settings.ratings_backlog)
    writes = Writes(inbox, lists, kept)
    operated = connections.connect(settings.store, OPERATORS)
    rated = (
        connections.connect(settings.ratings_store, OPERATORS)
        if settings.ratings_store
        else operated
    )
    ops = Ops(operated, rated, metrics.counted, settings.max_age_hours)
    exposure = Exposure(lists)
    atexit.register(exposure.flush)

    is_leaving = draining.watch(os.environ)

    def exposed(variant: str, generation: str) -> None:
        metrics.expose(variant, generation)
        exposure.count(variant, generation)

    def readiness(rankings: Rankings, lookup: Lookup) -> Readiness:
        made = Readiness(rankings, lookup, some_users(lists), is_leaving)
        made.try_now()
        return made

    return Parts(
        guard=Guard(Keys(lists), limits, private_reads=private),
        others=(writes.init_app, ops.init_app, lambda app: metrics.init_app(app, rankings)),
        observers=(metrics.observe, logs.access_log(settings.log_sample)),
        inbox=inbox if settings.dashboard_ratings else None,
        exposed=exposed,
        readiness=readiness,
        private_reads=private,
        trusted_proxies=settings.trusted_proxies,
        cors_origins=settings.cors_origins,
        is_leaving=is_leaving,
        env=os.environ,
    )


def connect(url: str, settings: Settings) -> Redis:
    """A client that gives up quickly: an unanswered lookup must not hold a worker."""
    return connections.connect(url, Patience(settings.store_timeout, RETRIES, NoBackoff()))
