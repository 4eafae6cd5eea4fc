"""A worker with nothing to rank with."""

import logging
from types import SimpleNamespace

import pytest
from fakeredis import FakeRedis

from batch.worker.reranking import Stores
from batch.worker.run import Worker
from batch.worker.targets import Targets
from tests.builders import GENERATION

SAID = "nothing is published yet: ratings wait"


@pytest.fixture
def worker(tmp_path):
    store = FakeRedis()
    return Worker(Stores(store, store), tmp_path, "me")


def said(caplog):
    return [one.message for one in caplog.records if one.message == SAID]


def test_that_nothing_is_published_is_said_once_however_long_it_lasts(worker, caplog):
    with caplog.at_level(logging.INFO):
        taken = [worker.turn(wait_ms=0) for _ in range(3)]

    assert taken == [0, 0, 0]
    assert said(caplog) == [SAID]


def test_it_is_said_again_once_something_was_live_in_between(worker, caplog, monkeypatch):
    with caplog.at_level(logging.INFO):
        worker.turn(wait_ms=0)
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(
                Targets, "current", lambda _: (SimpleNamespace(generation=GENERATION),)
            )
            worker.turn(wait_ms=1)
        worker.turn(wait_ms=0)

    assert said(caplog) == [SAID, SAID]
