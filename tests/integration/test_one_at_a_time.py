"""One lease: of those who come together one works, and who has lost it can do no harm."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from redis import Redis

from batch.backfill.run import Request, backfill
from batch.backfill.selection import Everybody
from batch.model_choice import Train
from batch.publish import lease as leases
from batch.worker.reranking import Stores
from schemas import keys
from schemas.errors import LeaseHeldError
from schemas.records import Generation
from schemas.store.control import Control
from schemas.store.register import Register, State
from tests.datasets import SMALL, quiet, refreshed

TOP = Path(__file__).parents[2]
SECONDS = 60.0
BRIEF = 3
"""Seconds of a lease."""
STOPPED = """
import os, signal, sys
from importlib import import_module
from pathlib import Path

from tests.integration import test_one_at_a_time

folder, url, work, module, kind, name = sys.argv[1:]
owner = import_module(module)
owner = getattr(owner, kind) if kind else owner
before, times = getattr(owner, name), []


def stopping_first(*them, **named):
    if not times:
        times.append(1)
        os.kill(os.getpid(), signal.SIGSTOP)
    return before(*them, **named)


setattr(owner, name, stopping_first)
getattr(test_one_at_a_time, work)(Path(folder), url)
"""
PLACES = {
    "while draining": ("batch.ratings.files", "", "write"),
    "while writing": ("batch.pipeline", "", "encode_histories"),
    "at the flip": ("schemas.store.control", "Control", "flip"),
    "while filling": ("batch.backfill.run", "", "recompute"),
}


def night(folder, url):
    return Generation(refreshed(folder, url, train=Train.NEVER).generation)


def brief_night(folder, url):
    """A refresh whose lease soon runs out if nobody keeps it."""
    params = replace(SMALL, publish=replace(SMALL.publish, lease_seconds=BRIEF))
    refreshed(folder, url, train=Train.NEVER, params=params)


def fill(folder, url):
    with Redis.from_url(url) as client:
        request = Request(Everybody(), folder / "artifacts" / "models", lease_seconds=BRIEF)
        return backfill(Stores(client, client), request, quiet)


def once_free(work, *arguments):
    """As whoever is told to try again later."""
    started = time.monotonic()
    while time.monotonic() - started < SECONDS:
        with suppress(LeaseHeldError):
            return work(*arguments)
        time.sleep(0.2)
    raise AssertionError("the lease does not run out")


def live(client):
    return Control(client).pointer().live[0].generation


def test_of_those_who_come_together_one_works_and_the_others_name_it(
    folder, redis_url, client, monkeypatch
):
    first = night(folder, redis_url)
    door, acquire = threading.Barrier(4), leases._acquire

    def together(control, holder, milliseconds):
        door.wait(SECONDS)
        try:
            return acquire(control, holder, milliseconds)
        finally:
            door.wait(SECONDS)  # nobody is done before all have asked

    def named(task):
        return f"{task} {threading.current_thread().name}"

    monkeypatch.setattr(leases, "_acquire", together)
    monkeypatch.setattr(leases, "holder_name", named)
    outcomes = {}

    def come(name, work):
        try:
            outcomes[name] = work(folder, redis_url)
        except LeaseHeldError as held:
            outcomes[name] = str(held)

    works = {"refresh a": night, "refresh b": night, "refresh c": night, "backfill d": fill}
    comers = [
        threading.Thread(target=come, args=(name, work), name=name[-1])
        for name, work in works.items()
    ]
    for one in comers:
        one.start()
    for one in comers:
        one.join()

    (winner,) = [name for name in works if outcomes[name] not in list(works)]
    assert {outcomes[name] for name in works if name != winner} == {winner}
    assert live(client) == (first if winner == "backfill d" else outcomes[winner])
    states = [record.state for record in Register(client).records()]
    assert states.count(State.LIVE) == 1
    assert State.WRITING not in states


@pytest.mark.parametrize("place", PLACES)
def test_who_is_stopped_past_the_lease_and_woken_cannot_flip_and_leaves_nothing(
    folder, redis_url, client, place
):
    first = night(folder, redis_url)
    client.xadd(keys.STREAM, {"user": 7, "anime": 3, "rating": 9, "status": 2})
    work = "fill" if place == "while filling" else "brief_night"
    process = subprocess.Popen(
        [sys.executable, "-c", STOPPED, folder, redis_url, work, *PLACES[place]],
        cwd=TOP, env=os.environ | {"PYTHONPATH": str(TOP)}, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), process.stderr.read().decode()
        second = once_free(night, folder, redis_url)
        assert live(client) == second

        process.send_signal(signal.SIGCONT)
        _, errors = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
        process.wait()

    assert process.returncode == 1
    assert "LeaseLostError: the lease ran out" in errors.decode().splitlines()[-1]
    assert live(client) == second
    found = client.scan_iter(keys.everything_of(Generation("*")))
    assert {keys.generation_of(key.decode()) for key in found} == {first, second}
    assert [one.generation for one in Register(client).records()] == [first, second]
    assert list((folder / "artifacts").glob("**/.part-*")) == []
    third = night(folder, redis_url)
    (drained,) = (folder / "artifacts" / "ratings").iterdir()
    assert client.ttl(keys.catalogue(third)) == -1
    assert drained.suffix == ".parquet"
