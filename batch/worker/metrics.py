"""What a worker counts, for Prometheus."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from schemas.store.waiting import Lag

_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)


class Metrics:
    """Of one worker, but lag and age are those of the whole group."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self.ratings = Counter(
            "anirec_worker_ratings", "Ratings that lists know now.", registry=registry
        )
        self.users = Counter(
            "anirec_worker_users", "Users ranked again, for ratings or after a flip.",
            registry=registry,
        )  # fmt: skip
        self.dead = Counter("anirec_worker_dead_letters", "Entries given up.", registry=registry)
        self.faults = Counter(
            "anirec_worker_faults", "Times that a store was away.", registry=registry
        )
        self.took = Histogram(
            "anirec_worker_rating_seconds", "From a rating to the changed list.",
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self._lag = Gauge(
            "anirec_worker_lag_entries", "Ratings that no list knows yet.", registry=registry
        )
        self._age = Gauge(
            "anirec_worker_lag_seconds", "Age of the oldest of these.", registry=registry
        )

    def behind(self, lag: Lag) -> None:
        """Note how far the group is behind."""
        self._lag.set(lag.entries)
        self._age.set(lag.seconds)

    @contextmanager
    def served(self, port: int | None) -> Iterator[None]:
        """Answer on a port, all addresses, while the block runs; None: on none."""
        if port is None:
            yield
            return
        server, thread = start_http_server(port, registry=self._registry)
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
