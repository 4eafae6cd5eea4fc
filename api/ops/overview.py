"""All that the operators' page shows, read in one go."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

from redis import Redis, RedisError

from api.ops.charts import Chart, candidates, charts
from api.variants import NAMES
from schemas import pointer, serving
from schemas.errors import PayloadError
from schemas.manifests import GenerationManifest
from schemas.pointer import Variant
from schemas.records import Generation
from schemas.runs import Run
from schemas.serving import Counted
from schemas.store import audit, health, runs, variants
from schemas.store.audit import Entry
from schemas.store.checks import run as checks
from schemas.store.checks.findings import Finding, Verdict, warn, worst
from schemas.store.control import Control
from schemas.store.manifests import read_manifest
from schemas.store.register import Record, Register
from schemas.store.retention import Retention
from schemas.store.waiting import Lag

NDCG: Final = "ndcg@10"
COVERAGE: Final = "coverage@10"
_RUNS: Final = 20
_CHANGES: Final = 8

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Serving:
    """A live generation; `variant` is a or b while there are two."""

    generation: Generation
    share: float
    variant: str
    manifest: GenerationManifest | None


@dataclass(frozen=True, slots=True)
class Stored:
    """A generation that has keys; it can serve, or serves."""

    record: Record
    manifest: GenerationManifest | None
    can_serve: bool
    serves: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """`findings` are the worst first; `seen` is the pointer as it is written.

    `traffic` has figures of this server since it started (schemas.serving), `hits` the part of
    users' states that it remembered, None before anybody asked. `busy` is who holds the lease,
    `waiting` are the ratings for the next refresh, None while their store is away.
    """

    now: datetime
    findings: Sequence[Finding]
    live: Sequence[Serving]
    seen: str
    stored: Sequence[Stored]
    runs: Sequence[Run]
    failed: Run | None
    changes: Sequence[Entry]
    exposure: dict[str, int]
    charts: Sequence[Chart]
    traffic: dict[str, float] = field(default_factory=dict)
    hits: float | None = None
    busy: str = ""
    waiting: Lag | None = None

    @property
    def verdict(self) -> Verdict:
        """The worst of what was found."""
        return worst(self.findings)

    @property
    def troubles(self) -> list[Finding]:
        """What somebody should look at."""
        return [one for one in self.findings if one.verdict is not Verdict.OK]

    @property
    def before(self) -> Stored | None:
        """What one would go back to: the newest that can serve and is older than what does."""
        first = self.live[0].generation if self.live else ""
        older = (one for one in reversed(self.stored) if one.record.generation < first)
        return next((one for one in older if one.can_serve and not one.serves), None)


class Reader:
    """Reads sections one by one: what cannot be read becomes a finding, and the rest is shown."""

    def __init__(self) -> None:
        self.unreadable: list[Finding] = []

    def read(self, name: str, ask: Callable[[], Iterable[Found]]) -> list[Found]:
        """What is asked for, as far as it can be read."""
        found: list[Found] = []
        try:
            found.extend(ask())
        except PayloadError as error:
            self.unreadable.append(warn(name, str(error), "a newer version wrote it: upgrade"))
        return found


def overview(
    lists: Redis, ratings: Redis, counted: Counted, now: datetime, most_hours: float
) -> Overview:
    """Look at everything.

    Raises:
        RedisError: the store of lists is away.
    """
    reader, control = Reader(), Control(lists)
    seen = control.pointer_text()
    live = reader.read("pointer", lambda: pointer.decode(seen).live if seen else ())
    stored = reader.read("generations", lambda: _stored(lists, live, now))
    ran = reader.read("runs", lambda: runs.records(lists))
    findings = reader.read("checks", lambda: checks.examine(lists, ratings, now, most_hours))
    findings += reader.unreadable
    manifests = [one.manifest for one in stored if one.manifest is not None]
    return Overview(
        now=now,
        findings=sorted(findings, key=lambda one: list(Verdict).index(one.verdict), reverse=True),
        live=_live(live, stored),
        seen=seen.decode(errors="replace"),
        stored=stored,
        runs=ran[:_RUNS],
        failed=next((run for run in ran if run.has_failed), None),
        changes=audit.newest(lists, _CHANGES),
        exposure=variants.exposure(lists),
        charts=charts(candidates(ran, manifests), NDCG, COVERAGE),
        traffic=serving.figures(counted),
        hits=_hits(counted),
        busy=control.holder(),
        waiting=_waiting(ratings, now),
    )


def retention_of(lists: Redis) -> Retention:
    """What changes which generations serve."""
    control = Control(lists)
    return Retention(control, Register(lists), control.superseded_hours())


def _stored(lists: Redis, live: Sequence[Variant], now: datetime) -> Iterator[Stored]:
    """Oldest first."""
    retention = retention_of(lists)
    usable = {one.generation for one in retention.usable(now)}
    serves = {one.generation for one in live}
    for record in retention.register.records():
        name = record.generation
        yield Stored(record, read_manifest(lists, name), name in usable, name in serves)


def _live(live: Sequence[Variant], stored: Sequence[Stored]) -> Sequence[Serving]:
    manifests = {one.record.generation: one.manifest for one in stored}
    names = NAMES if len(live) > 1 else ("",)
    return [
        Serving(one.generation, one.share, name, manifests.get(one.generation))
        for name, one in zip(names, live, strict=False)
    ]


def _waiting(ratings: Redis, now: datetime) -> Lag | None:
    try:
        count, oldest = health.waiting(ratings)
    except RedisError:
        return None
    return Lag(count, 0.0 if oldest is None else max(0.0, now.timestamp() - oldest))


def _hits(counted: Counted) -> float | None:
    hits = counted.events.get("hit", 0.0) + counted.events.get("stale", 0.0)
    asked = hits + counted.events.get("miss", 0.0)
    return hits / asked if asked else None
