"""Prometheus metrics that are right whichever worker is asked: all write to shared files.

To be imported in a worker, once PROMETHEUS_MULTIPROC_DIR is set: the library looks for it then.
"""

import os
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from flask import Flask, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram
from prometheus_client import generate_latest as exposition
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from redis import RedisError

from api import routes
from api.envelope import Done
from api.incoming import takes_nothing
from api.repository import Rankings
from schemas.errors import RecommenderError
from schemas.forgetting import started
from schemas.runs import Run
from schemas.serving import Counted, counted

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
BUCKETS: Final = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
)  # fmt: skip


class Metrics:
    """What this worker counts. Labels are fetched once: making them costs more than counting."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Histogram(
            "anirec_request_seconds", "Requests, by how long they took.",
            ("route", "method", "status"), buckets=BUCKETS, registry=self._registry,
        )  # fmt: skip
        self._sources = self._counter("anirec_answers", "Answers, by their source.", "source")
        self._store = self._counter(
            "anirec_store_events", "hit, miss, stale: lookups of users; fault: no answer.", "event"
        )
        self._exposed = self._counter(
            "anirec_exposure", "Answers of an A/B test.", "variant", "generation"
        )
        self._timed: dict[tuple[str, str, int], Histogram] = {}
        self._counted: dict[tuple[Counter, tuple[str, ...]], Counter] = {}

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(name, what, labels, registry=self._registry)

    def observe(self, done: Done) -> None:
        """Count one request."""
        key = done.route, done.method, done.status
        found = self._timed.get(key)
        if found is None:
            method = done.method if done.method in _METHODS else "other"
            found = self._requests.labels(done.route, method, str(done.status))
            self._timed[key] = found
            if len(self._timed) > _MOST_LABELS:  # somebody invents methods
                self._timed.clear()
        found.observe(done.seconds)
        if done.source:
            self._count(self._sources, done.source)

    def note(self, event: str) -> None:
        """Count what happened at the store."""
        self._count(self._store, event)

    def expose(self, variant: str, generation: str) -> None:
        """Count an answer of an A/B test."""
        self._count(self._exposed, variant, generation)

    def _count(self, counter: Counter, *labels: str) -> None:
        key = counter, labels
        found = self._counted.get(key)
        if found is None:
            found = self._counted[key] = counter.labels(*labels)
        found.inc()

    def counted(self) -> Counted:
        """The counters of all workers, since the server started."""
        families = self._of_all_workers().collect()
        samples = (sample for family in families for sample in family.samples)
        return counted((one.name, one.labels, one.value) for one in samples)

    def _of_all_workers(self) -> CollectorRegistry:
        if FOLDER not in os.environ:
            return self._registry
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return registry

    def init_app(self, app: Flask, rankings: Rankings) -> None:
        """Add GET /metrics."""

        def metrics() -> Response:
            takes_nothing()
            text = exposition(self._of_all_workers())
            ages = CollectorRegistry()
            ages.register(_Ages(rankings))
            ages.register(_Runs(rankings))
            return Response(text + exposition(ages), content_type=CONTENT_TYPE_LATEST)

        routes.add(app, metrics)


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH"})
_MOST_LABELS: Final = 1_000


class _Ages(Collector):
    """How old what is served is; nothing where that cannot be told."""

    def __init__(self, rankings: Rankings) -> None:
        self._rankings = rankings

    def collect(self) -> Iterator[GaugeMetricFamily]:
        age = GaugeMetricFamily(
            "anirec_generation_age_seconds", "Since its refresh began.", labels=["generation"]
        )
        stale = GaugeMetricFamily("anirec_stale", "1: this worker has lost the store.")
        try:
            for one in self._rankings.pointer().live:
                began = started(one.generation) / 1000
                age.add_metric([one.generation], max(0.0, time.time() - began))
        except (RecommenderError, RedisError):
            pass  # no age is the alarm
        stale.add_metric([], float(self._rankings.is_stale))
        yield age
        yield stale


class _Runs(Collector):
    """How the last runs went and what waits for the next; nothing where that cannot be told."""

    def __init__(self, rankings: Rankings) -> None:
        self._rankings = rankings

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            health = self._rankings.health()
        except (RecommenderError, RedisError):
            return  # no figure is the alarm
        now = time.time()
        yield _aged("anirec_run_age_seconds", "Since the last run ended.", health.last, now)
        yield _aged(
            "anirec_success_age_seconds", "Since a run was last done.", health.successes, now
        )
        failed = GaugeMetricFamily(
            "anirec_run_failed", "1: the last run was not done.", labels=["command", "outcome"]
        )
        for command, run in health.last.items():
            failed.add_metric([command, run.outcome], float(run.has_failed))
        yield failed
        oldest = 0.0 if health.oldest is None else max(0.0, now - health.oldest)
        yield GaugeMetricFamily(
            "anirec_ratings_waiting", "Ratings for the next refresh.", value=health.waiting
        )
        yield GaugeMetricFamily(
            "anirec_ratings_oldest_seconds", "Since the first of these came.", value=oldest
        )


def _aged(name: str, what: str, runs: Mapping[str, Run], now: float) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, what, labels=["command"])
    for command, run in runs.items():
        family.add_metric([command], max(0.0, now - datetime.fromisoformat(run.ended).timestamp()))
    return family
