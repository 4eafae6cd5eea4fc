import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from schemas import keys
from schemas.records import Generation
from schemas.store.control import Control
from tests.datasets import prepared, refreshed

TOP = Path(__file__).parents[2]
REFRESH = """
import os, signal, sys
from pathlib import Path


def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)


{patch}
from tests.datasets import refreshed

refreshed(Path(sys.argv[1]), sys.argv[2])
"""
WHILE_WRITING = "from batch import pipeline; pipeline.encode_histories = die"
BETWEEN_VERIFY_AND_FLIP = "from batch.publish.candidate import Candidate; Candidate.flip = die"
AT_THE_FLIP = "from schemas.store.control import Control; Control.flip = die"
AFTER_THE_FLIP = """
from schemas.store.retention import Retention
before, times = Retention.tidy, []
Retention.tidy = lambda *them: die() if times else (times.append(1), before(*them))
"""
WHILE_SUPERSEDING = "from schemas.store import keyspace; keyspace.expire = die"
BEFORE = {
    "while writing": WHILE_WRITING,
    "between verify and flip": BETWEEN_VERIFY_AND_FLIP,
    "at the flip": AT_THE_FLIP,
}
AFTER = {"after the flip": AFTER_THE_FLIP, "while superseding": WHILE_SUPERSEDING}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return prepared(tmp_path_factory.mktemp("crash"))


def killed(folder, redis_url, client, patch):
    """A refresh that is killed where the patch says; the next one finds its lease taken."""
    run = subprocess.run(
        [sys.executable, "-c", REFRESH.format(patch=patch), str(folder), redis_url],
        cwd=TOP, env=os.environ | {"PYTHONPATH": str(TOP)}, capture_output=True, check=False,
    )  # fmt: skip
    assert run.returncode == -signal.SIGKILL, run.stderr.decode()


def live(client):
    return Control(client).pointer().live[0].generation


def payloads(client, generation):
    return {key: client.get(key) for key in client.scan_iter(keys.everything_of(generation))}


def behind(generation, found):
    """Payloads by what their keys say behind the generation."""
    return {key.decode().partition(generation)[2]: payload for key, payload in found.items()}


def generations(client):
    found = client.scan_iter(keys.everything_of(Generation("*")))
    return {keys.generation_of(key.decode()) for key in found}


def without_expiry(client):
    found = client.scan_iter(keys.everything_of(Generation("*")))
    return {keys.generation_of(key.decode()) for key in found if client.ttl(key) == -1}


@pytest.mark.parametrize("moment", BEFORE)
def test_a_refresh_killed_before_the_flip_leaves_the_live_one_and_is_swept(
    folder, redis_url, client, moment
):
    first = refreshed(folder, redis_url).generation
    before = payloads(client, first)

    killed(folder, redis_url, client, BEFORE[moment])

    assert live(client) == first
    assert payloads(client, first) == before
    (dead,) = generations(client) - {first}
    second = refreshed(folder, redis_url).generation
    assert generations(client) == {first, second}
    assert dead not in {first, second}
    assert without_expiry(client) == {second} == {live(client)}


@pytest.mark.parametrize("moment", AFTER)
def test_a_refresh_killed_after_the_flip_serves_and_the_next_one_puts_the_rest_in_order(
    folder, redis_url, client, moment
):
    first = refreshed(folder, redis_url).generation
    before = behind(first, payloads(client, first))

    killed(folder, redis_url, client, AFTER[moment])

    flipped = live(client)
    after = behind(flipped, payloads(client, flipped))
    assert flipped != first
    assert after.keys() == before.keys()
    assert {name for name in after if after[name] != before[name]} == {":manifest"}
    assert {client.ttl(key) for key in payloads(client, flipped)} == {-1}
    second = refreshed(folder, redis_url).generation
    assert generations(client) == {first, flipped, second}
    assert without_expiry(client) == {second} == {live(client)}
