"""Writes down what a command does, from its start to its end, whatever that is."""

import logging
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from redis import Redis, RedisError
from redis.backoff import NoBackoff

from batch import run_files
from batch.publish.lease import holder_name
from batch.storage.storage import LOCAL, Storage
from jobs.exit_codes import FAILED, REFUSED, exit_code_of, message_of
from jobs.notifying import notifier
from schemas.errors import DeadlineError, LeaseHeldError, RecommenderError
from schemas.runs import LONGEST_MESSAGE, Outcome, Run, run_id
from schemas.store import runs
from schemas.store.connections import Patience, connect

log = logging.getLogger(__name__)

_PATIENCE: Final = Patience(5.0, 1, NoBackoff())
"""A record is not worth waiting for: a store that is away is the command's business."""


class Recorder:
    """The record of one run, in the store and in `artifacts/runs`.

    Where it cannot be written this is logged, and the run goes on.
    """

    def __init__(self, run: Run, store: str, artifacts: Path | None, storage: Storage) -> None:
        self.run = run
        self._store, self._artifacts, self._storage = store, artifacts, storage

    def fetch(self) -> None:
        """Have the records of before, which say what was last."""
        self._kept(lambda: self._storage.fetch_files("runs"))

    def keep(self) -> None:
        """Put the records where others find them."""
        self._kept(lambda: self._storage.add_files("runs"))

    def _kept(self, do: Callable[[], object]) -> None:
        try:
            do()
        except (RecommenderError, OSError) as error:
            log.warning("run %s is not in the bucket: %s", self.run.id, error)

    def note(self, **facts: Any) -> None:
        """Change fields of the record and write it."""
        self.run = replace(self.run, **facts)
        self.write(self.run)

    def write(self, run: Run) -> None:
        """Write a record, this run's or another's, wherever it can be."""
        self._try(lambda client: runs.write(client, run))
        if self._artifacts is not None:
            try:
                run_files.write(self._artifacts / "runs", run)
            except OSError as error:
                log.warning("run %s has no file: %s", run.id, error)

    def keep_alive(self, over: threading.Event) -> None:
        """Say now and then that this run has not ended, until it is over."""
        while not over.wait(runs.ALIVE_SECONDS / 3):
            self._try(lambda client: runs.keep_alive(client, self.run.id))

    def settle_lost(self) -> list[Run]:
        """Write down which earlier runs were lost, and tell."""
        found: list[Run] = []
        self._try(lambda client: found.extend(runs.lost(client)))
        settled = [replace(one, ended=_now(), message="not heard of any more") for one in found]
        for one in settled:
            self.write(one)
        return settled

    def _try(self, do: Callable[[Redis], None]) -> None:
        try:
            with connect(self._store, _PATIENCE) as client:
                do(client)
        except RedisError as error:
            log.warning("run %s is not in the store: %s", self.run.id, error)


@contextmanager
def recorded(
    command: str,
    store: str,
    artifacts: Path | None = None,
    trigger: str = "manual",
    storage: Storage = LOCAL,
) -> Iterator[Recorder]:
    """Record what the block does; whoever ANIREC_NOTIFY_URL names hears of it if it goes wrong.

    Whatever the block raises goes on, with the exit code that it would have had.

    Args:
        command: as the person who started it calls it.
        store: address of the Redis that the record goes to.
        artifacts: the folder in which it is written to `runs/`.
        trigger: who asked for it.
        storage: where the artifacts folder comes from and goes to.

    Raises:
        SettingsError: ANIREC_NOTIFY_URL or the store's address cannot be used.
    """
    notify = notifier()
    recorder = Recorder(_begun(command, trigger), store, artifacts, storage)
    recorder.fetch()
    for lost in recorder.settle_lost():
        notify(lost)
    recorder.write(recorder.run)
    over = threading.Event()
    keeper = threading.Thread(target=recorder.keep_alive, args=(over,), daemon=True)
    keeper.start()
    try:
        yield recorder
    except BaseException as error:
        _end(recorder, error)
        raise
    else:
        _end(recorder, None)
    finally:
        over.set()
        recorder.keep()
        if recorder.run.has_failed:
            notify(recorder.run)


def _begun(command: str, trigger: str) -> Run:
    now = datetime.now(UTC)
    return Run(
        id=run_id(now, secrets.token_hex(3)),
        command=command,
        trigger=trigger,
        holder=holder_name(command),
        started=now.isoformat(timespec="seconds"),
        code=metadata.version("anirec"),
    )


def _end(recorder: Recorder, error: BaseException | None) -> None:
    if error is None:
        noted = recorder.run.outcome
        outcome = Outcome.DONE if noted is Outcome.RUNNING else noted
        recorder.note(outcome=outcome, exit_code=0, ended=_now())
        return
    code = FAILED if (found := exit_code_of(error)) is None else found
    recorder.note(outcome=_outcome(error, code), exit_code=code, ended=_now(),
                  message=_message(error))  # fmt: skip


def _outcome(error: BaseException, code: int) -> Outcome:
    if isinstance(error, KeyboardInterrupt | DeadlineError):
        return Outcome.STOPPED
    if isinstance(error, LeaseHeldError):
        return Outcome.SKIPPED
    return Outcome.REFUSED if code == REFUSED else Outcome.FAILED


def _message(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "told to stop"
    return message_of(error)[:LONGEST_MESSAGE] or type(error).__name__


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
