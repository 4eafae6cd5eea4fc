"""The main job: ingest, train or reload, score, publish. One lease, one generation."""

import logging
import os
import resource
import shutil
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from redis import Redis, RedisError

from batch.artifacts import scratch, sweep_leftovers
from batch.data_version import data_version
from batch.dataset import MANIFEST, Dataset, note_watermark, open_dataset
from batch.engine import Engine
from batch.ingest.run import ingest
from batch.model_choice import Choice, Train, choose_model
from batch.params import Params
from batch.pipeline import Job
from batch.progress import Progress
from batch.publish import forgotten, keyspace, store
from batch.publish import lease as leases
from batch.publish.candidate import Candidate, live_generation, refuse
from batch.publish.control import Control
from batch.publish.following import following
from batch.publish.forgotten import Forgotten
from batch.publish.lease import Lease
from batch.publish.models import Models
from batch.publish.register import Record, Register
from batch.publish.retention import Retention
from batch.ratings.draining import drain, erase_forgotten
from batch.ratings.files import NONE_DRAINED, Drained
from batch.ratings.settling import known_to_any, settle
from batch.storage.storage import LOCAL, Storage
from batch.tracking import UNTRACKED, Tracker
from schemas.errors import DataRefusedError, GateRefusedError
from schemas.manifests import GenerationManifest
from schemas.store import forgetting

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """What a refresh is asked to do; `artifacts` will hold data sets and models.

    `ratings` is the store that ratings and markers of forgotten users are in, empty for `store`.
    `storage` says where the two folders come from and go to, if not only to this machine.
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
    """Times the stages of one run."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a block and log its end."""
        start = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - start, 2)
        log.info("%s done in %.1f s", name, self.seconds[name])

    def with_total(self) -> dict[str, float]:
        """Seconds of each stage, and `total` since the start."""
        return self.seconds | {"total": round(time.monotonic() - self._start, 2)}


def refresh(request: Request, progress: Progress) -> Report:
    """Publish a new generation, or fail and leave the live one as it is.

    Raises:
        LeaseHeldError: another refresh is running.
        DataRefusedError, GateRefusedError: the data or the result is not good enough.
        VerificationError, LeaseLostError: the run failed; nothing was flipped.
        RedisError: the store is away.
    """
    client = store.connect(request.store)
    control = Control(client)
    holder = leases.holder_name("refresh")
    with leases.hold(control, holder, request.params.publish.lease_seconds) as lease:
        retention = Retention(control, Register(client), request.params.publish)
        record = retention.register.add(_now(), holder, lease.fence)
        with forgotten.opened(client, request.ratings) as left_out:
            report = _attempt(request, retention, lease, record, progress, left_out)
            retention.tidy(record, _now())
            settle(client, left_out.ratings)
    return report


def _attempt(
    request: Request,
    retention: Retention,
    lease: Lease,
    record: Record,
    progress: Progress,
    left_out: Forgotten,
) -> Report:
    """One run; where it fails, nothing of it is left but a candidate that a gate refused."""
    try:
        retention.tidy(record, _now())
        return _run(request, retention.control, lease, record, progress, left_out)
    except GateRefusedError as error:
        refuse(retention, retention.register.find(record.generation) or record, error, _now())
        raise
    except BaseException:
        _discard(retention.control.client, retention.register, record)
        raise


def _run(
    request: Request,
    control: Control,
    lease: Lease,
    record: Record,
    progress: Progress,
    left_out: Forgotten,
) -> Report:
    watch = Stopwatch()
    with watch.stage("ingest"):
        reading = request.storage.fetch_data(request.data)
        control.note_reading(lease.fence, reading)
        dataset = ingest_to(request, left_out.users(), _drained(request, left_out))
        request.storage.publish(f"datasets/{dataset.folder.name}")
    lease.check()
    with watch.stage("train"):
        choice = choose_model(dataset, request.artifacts / "models", request.train,
                              request.params, request.engine, progress,
                              request.tracker, request.storage,
                              Models(control.client).pinned())  # fmt: skip
        request.storage.publish(f"models/{choice.folder.name}")
    lease.check()
    with scratch(request.artifacts) as work:
        candidate = _candidate(request, control.client, record, dataset, choice, work)
        candidate = replace(candidate, data_version=data_version(request.data, reading))
        manifest = _publish(candidate, choice, control, lease, watch, progress, left_out)
    return _report(manifest, dataset, choice, watch)


def _publish(
    candidate: Candidate,
    choice: Choice,
    control: Control,
    lease: Lease,
    watch: Stopwatch,
    progress: Progress,
    left_out: Forgotten,
) -> GenerationManifest:
    users = candidate.job.dataset.manifest.users
    with (
        watch.stage("score"),
        following(candidate.client, candidate.generation, users, progress),
    ):
        counts = candidate.write()
    lease.check()
    live = live_generation(control)
    with watch.stage("verify"):
        progress("verify", 0, 1)
        findings = candidate.verify(live)
        progress("verify", 1, 1)
    manifest = candidate.manifest(
        counts, findings, trained=choice.trained, reason=choice.reason, seconds=watch.seconds
    )
    candidate.judge(manifest, findings, live)
    left_out.leave(candidate.generation)  # after verification, which would miss them
    candidate.flip(control, lease, manifest)
    Models(candidate.client).publish(choice.manifest, candidate.generation)
    left_out.leave(candidate.generation)  # who asked a moment ago: from now on the API erases
    return manifest


def _candidate(
    request: Request, client: Redis, record: Record, dataset: Dataset, choice: Choice, work: Path
) -> Candidate:
    noted = replace(
        record,
        dataset=dataset.manifest.hash,
        model=choice.manifest.model,
        users=dataset.manifest.users,
    )
    Register(client).write(noted)
    lists, pool = request.params.lists, work / "pool.npz"
    job = Job(record.generation, dataset, choice.folder, request.store, lists, pool)
    return Candidate(client, noted, job, choice.manifest, request.params, request.engine, work)


def _drained(request: Request, left_out: Forgotten) -> Drained:
    """All ratings that ever came through the API, but none of before somebody was forgotten."""
    known = known_to_any(left_out.lists)
    seen = request.storage.fetch_files("ratings")
    drained = drain(left_out.ratings, request.artifacts / "ratings", known)
    erase_forgotten(drained, forgetting.forgotten(left_out.ratings))
    request.storage.keep_files("ratings", seen)  # before the stream forgets them
    return drained


def ingest_to(
    request: Request, without: Collection[int] = (), ratings: Drained = NONE_DRAINED
) -> Dataset:
    """Ingest into the artifacts, under the content hash: the same rows are kept once."""
    folder = request.artifacts / "datasets"
    folder.mkdir(parents=True, exist_ok=True)
    sweep_leftovers(folder)
    arriving = folder / f"arriving-{os.getpid()}"
    shutil.rmtree(arriving, ignore_errors=True)
    try:
        manifest = ingest(
            request.data,
            arriving,
            reject_share=request.params.ingest.reject_share,
            engine=request.engine,
            without=without,
            ratings=ratings,
        )
        target = folder / manifest.hash[:16]
        if not (target / MANIFEST).is_file():
            shutil.rmtree(target, ignore_errors=True)
            arriving.rename(target)
        else:
            note_watermark(target, manifest.watermark)
    except DataRefusedError:
        request.storage.add_files("datasets")  # the rejected rows, for whoever looks into it
        log.info("what was rejected is kept in %s", request.storage.address(folder))
        raise
    finally:
        shutil.rmtree(arriving, ignore_errors=True)
    return open_dataset(target)


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
