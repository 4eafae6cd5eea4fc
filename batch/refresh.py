"""The main job: ingest, train or reload, score, publish. One lease, one generation."""

import logging
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from redis import Redis, RedisError

from batch.artifacts import scratch
from batch.data_version import data_version
from batch.dataset import Dataset
from batch.dataset_choice import Sources, choose_dataset
from batch.deadline import Deadline
from batch.engine import Engine
from batch.model_choice import Choice, Train, choose_model
from batch.params import Params
from batch.pipeline import Job
from batch.progress import Notes, Progress, unnoted
from batch.pruning import named_by, prune
from batch.publish import forgotten, store
from batch.publish import lease as leases
from batch.publish.candidate import Candidate, live_generation, refuse
from batch.publish.following import following
from batch.publish.forgotten import Forgotten
from batch.publish.lease import Lease
from batch.publish.models import Models
from batch.ratings.compaction import compact
from batch.ratings.draining import drain, erase_forgotten
from batch.ratings.files import Drained
from batch.ratings.settling import known_to_any, settle
from batch.storage.storage import LOCAL, Storage
from batch.tracking import UNTRACKED, Tracker
from schemas.errors import GateRefusedError, RecommenderError
from schemas.manifests import GenerationManifest
from schemas.store import forgetting, keyspace
from schemas.store.control import Control
from schemas.store.register import Record, Register
from schemas.store.retention import Retention

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """What a refresh is asked to do; `artifacts` will hold data sets and models.

    `ratings` is the store that ratings and markers of forgotten users are in, empty for `store`.
    `storage` says where the two folders come from and go to, if not only to this machine.
    At its `deadline` a run stops, unless it is about to flip.
    """

    data: Path
    store: str
    artifacts: Path
    train: Train = Train.AUTO
    params: Params = field(default_factory=Params)
    engine: Engine = field(default_factory=Engine)
    tracker: Tracker = UNTRACKED
    ratings: str = ""
    storage: Storage = LOCAL
    deadline: Deadline = field(default_factory=Deadline)


@dataclass(frozen=True, slots=True)
class Report:
    """What a refresh did: the object that `refresh --json` prints."""

    generation: str
    dataset: str
    model: str
    trained: bool
    reason: str
    users: int
    anime: int
    rows: int
    rejected: int
    seconds: dict[str, float]
    redis_bytes: dict[str, int]
    peak_rss_bytes: int
    metrics: dict[str, float]


class Stopwatch:
    """Times the stages of one run, and notes each that comes to its end."""

    def __init__(self, notes: Notes = unnoted) -> None:
        self._start, self._notes = time.monotonic(), notes
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a block and log its end."""
        start = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - start, 2)
        log.info("%s done in %.1f s", name, self.seconds[name])
        self._notes(seconds=dict(self.seconds))

    def with_total(self) -> dict[str, float]:
        """Seconds of each stage, and `total` since the start."""
        return self.seconds | {"total": round(time.monotonic() - self._start, 2)}


@dataclass(frozen=True, slots=True)
class Attempt:
    """What every stage of one run needs."""

    request: Request
    control: Control
    lease: Lease
    record: Record
    left_out: Forgotten
    progress: Progress
    notes: Notes
    watch: Stopwatch

    def check(self) -> None:
        """Whether it makes sense to go on.

        Raises:
            LeaseLostError: the lease ran out.
            DeadlineError: the time is up.
        """
        self.lease.check()
        self.request.deadline.check()


def refresh(request: Request, progress: Progress, notes: Notes = unnoted) -> Report:
    """Publish a new generation, or fail and leave the live one as it is.

    Raises:
        LeaseHeldError: another refresh is running.
        DataRefusedError, GateRefusedError: the data or the result is not good enough.
        VerificationError, LeaseLostError: the run failed; nothing was flipped.
        DeadlineError: it took too long; nothing was flipped.
        RedisError: the store is away.
    """
    client = store.connect(request.store)
    control = Control(client)
    holder = leases.holder_name("refresh")
    with (
        request.deadline.watched(),
        leases.hold(control, holder, request.params.publish.lease_seconds) as lease,
    ):
        retention = Retention(control, Register(client), request.params.publish.superseded_hours)
        record = retention.register.add(_now(), holder, lease.fence)
        with forgotten.opened(client, request.ratings) as left_out:
            attempt = Attempt(request, control, lease, record, left_out, progress, notes,
                              Stopwatch(notes))  # fmt: skip
            report = _attempt(attempt, retention)
            retention.tidy(record, _now())
            settle(client, left_out.ratings)
        _tidy_up(request, retention.register)
    return report


def _tidy_up(request: Request, register: Register) -> None:
    """What lies in the artifacts cannot fail a run that is live."""
    params = request.params.retention
    needed = named_by(register.records()) | Models(register.client).kept()
    kept = {f"{kind}/{name}" for kind in ("models", "datasets") for name in needed}
    try:
        prune(request.artifacts, params, needed)
        request.storage.prune("models", kept, params.models)
        request.storage.prune("datasets", kept, params.datasets)
    except (OSError, RecommenderError) as error:
        log.warning("could not prune %s: %s", request.artifacts, error)


def _attempt(attempt: Attempt, retention: Retention) -> Report:
    """One run; where it fails, nothing of it is left but a candidate that a gate refused."""
    record = attempt.record
    try:
        retention.tidy(record, _now())
        return _run(attempt)
    except GateRefusedError as error:
        found = retention.register.find(record.generation) or record
        refuse(retention, found, error, attempt.request.params.publish.refused_hours, _now())
        raise
    except BaseException:
        _discard(retention.control.client, retention.register, record)
        raise


def _run(attempt: Attempt) -> Report:
    """What is finished and made from the same is found again: a run after a failed one goes on."""
    request, notes, watch = attempt.request, attempt.notes, attempt.watch
    notes(generation=attempt.record.generation)
    with watch.stage("ingest"):
        reading = request.storage.fetch_data(request.data)
        attempt.control.note_reading(attempt.lease.fence, reading)
        without = attempt.left_out.users()
        sources = Sources(request.data, _drained(attempt), without)
        found = choose_dataset(sources, request.artifacts / "datasets", request.params.ingest,
                               request.engine, request.storage)  # fmt: skip
    reused = ["dataset"] if found.reused else []
    notes(dataset=found.dataset.manifest.hash, reused=reused)
    attempt.check()
    with watch.stage("train"):
        choice = choose_model(found.dataset, request.artifacts / "models", request.train,
                              request.params, request.engine, attempt.progress,
                              request.tracker, request.storage,
                              Models(attempt.control.client).pinned())  # fmt: skip
        request.storage.publish(f"models/{choice.folder.name}")
    reused = reused if choice.trained else [*reused, "model"]
    notes(model=choice.manifest.model, trained=choice.trained, reason=choice.reason, reused=reused)
    attempt.check()
    with scratch(request.artifacts) as work:
        candidate = _candidate(attempt, found.dataset, choice, work)
        candidate = replace(candidate, data_version=data_version(request.data, reading),
                            ratings=sources.ratings)  # fmt: skip
        manifest = _publish(attempt, candidate, choice)
    return _report(manifest, found.dataset, choice, watch)


def _publish(attempt: Attempt, candidate: Candidate, choice: Choice) -> GenerationManifest:
    users = candidate.job.dataset.manifest.users
    watch, progress, left_out = attempt.watch, attempt.progress, attempt.left_out
    with (
        watch.stage("score"),
        following(candidate.client, candidate.generation, users, progress),
    ):
        counts = candidate.write()
    attempt.check()
    with watch.stage("insights"):
        counts |= candidate.write_insights()
    attempt.check()
    live = live_generation(attempt.control)
    with watch.stage("verify"):
        progress("verify", 0, 1)
        findings = candidate.verify(live)
        progress("verify", 1, 1)
    manifest = candidate.manifest(
        counts, findings, trained=choice.trained, reason=choice.reason, seconds=watch.seconds
    )
    attempt.notes(metrics=manifest.metrics)
    candidate.judge(manifest, findings, live)
    attempt.check()
    attempt.request.deadline.call_off()
    left_out.leave(candidate.generation)  # after verification, which would miss them
    candidate.flip(attempt.control, attempt.lease, manifest)
    Models(candidate.client).publish(choice.manifest, candidate.generation)
    left_out.leave(candidate.generation)  # who asked a moment ago: from now on the API erases
    return manifest


def _candidate(attempt: Attempt, dataset: Dataset, choice: Choice, work: Path) -> Candidate:
    request, client = attempt.request, attempt.control.client
    noted = replace(
        attempt.record,
        dataset=dataset.manifest.hash,
        model=choice.manifest.model,
        users=dataset.manifest.users,
    )
    Register(client).write(noted)
    lists, pool = request.params.lists, work / "pool.npz"
    job = Job(noted.generation, dataset, choice.folder, request.store, lists, pool)
    return Candidate(client, noted, job, choice.manifest, request.params, request.engine, work)


def _drained(attempt: Attempt) -> Drained:
    """All ratings that ever came through the API, but none of before somebody was forgotten."""
    left_out = attempt.left_out
    known = known_to_any(left_out.lists)
    storage, folder = attempt.request.storage, attempt.request.artifacts / "ratings"
    seen = storage.fetch_files("ratings")
    drained = drain(left_out.ratings, folder, known)
    erase_forgotten(drained, forgetting.forgotten(left_out.ratings))
    merged = compact(folder)
    storage.keep_files("ratings", seen)  # before the stream forgets them
    return merged


def _discard(client: Redis, register: Register, record: Record) -> None:
    """Take back what a failed run wrote; if the store is away, the next run does it."""
    try:
        control = Control(client)
        live = control.pointer()
        if live and record.generation in {one.generation for one in live.live}:
            return
        # Only its own keys: a run that lost the lease must not touch those of its successor.
        keyspace.delete(client, record.generation)
        register.forget(record.generation)
    except RedisError:
        log.warning("could not remove what this run wrote; the next refresh will")


def _report(
    manifest: GenerationManifest, dataset: Dataset, choice: Choice, watch: Stopwatch
) -> Report:
    return Report(
        generation=manifest.generation,
        dataset=manifest.dataset,
        model=manifest.model,
        trained=choice.trained,
        reason=choice.reason,
        users=dataset.manifest.users,
        anime=dataset.manifest.anime,
        rows=dataset.manifest.rows,
        rejected=sum(dataset.manifest.rejected.values()),
        seconds=watch.with_total(),
        redis_bytes=manifest.bytes,
        peak_rss_bytes=peak_rss_bytes(),
        metrics=manifest.metrics,
    )


def peak_rss_bytes() -> int:
    """The most memory this process and its children had; macOS counts bytes, Linux KiB."""
    unit = 1 if sys.platform == "darwin" else 1024
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return unit * max(usage.ru_maxrss for usage in usages)


def _now() -> datetime:
    return datetime.now(UTC)
