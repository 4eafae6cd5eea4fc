import os
import re
import socket
import subprocess
import sys
import time

import pytest
from redis import Redis

from batch.publish.lease import hold
from schemas import keys
from schemas.errors import LeaseHeldError, LeaseLostError
from schemas.pointer import Pointer, Variant
from schemas.records import Generation
from schemas.store.control import Control

LONG = 60_000


@pytest.fixture
def control(redis_url):
    with Redis.from_url(redis_url) as client:
        yield Control(client)


def test_a_lease_is_kept_for_longer_than_it_lasts(control):
    with hold(control, "me", 3) as lease:
        time.sleep(3.3)

        lease.check()
        with pytest.raises(LeaseHeldError, match="me"):
            control.acquire("other", LONG)


def test_a_lease_is_free_after_the_block(control):
    with hold(control, "me", 60):
        pass

    assert control.acquire("other", LONG)


def test_a_lease_is_free_after_an_error(control):
    with pytest.raises(ZeroDivisionError), hold(control, "me", 60):
        raise ZeroDivisionError

    assert control.acquire("other", LONG)


def test_a_held_lease_cannot_be_held_twice(control):
    with (
        hold(control, "first", 60),
        pytest.raises(LeaseHeldError, match="first"),
        hold(control, "second", 60),
    ):
        pass


def test_whoever_lost_the_lease_is_told_at_the_next_check(control):
    with hold(control, "slow", 1) as lease:
        control.client.hset(keys.CONTROL, "lease_until", 0)
        control.acquire("quick", LONG)
        time.sleep(0.6)

        with pytest.raises(LeaseLostError, match="nothing was flipped"):
            lease.check()


def test_whoever_lost_the_lease_does_not_give_back_the_new_one(control):
    with hold(control, "slow", 60):
        control.client.hset(keys.CONTROL, "lease_until", 0)
        control.acquire("quick", LONG)

    with pytest.raises(LeaseHeldError, match="quick"):
        control.acquire("third", LONG)


def killed_holder() -> str:
    """The name of a process of this machine that is gone."""
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    return f"refresh {gone.pid} on {socket.gethostname()}"


def test_a_lease_is_taken_over_from_a_process_that_was_killed_here(control):
    first = control.acquire(killed_holder(), LONG)

    with hold(control, "next", 60) as lease:
        assert lease.fence > first


@pytest.mark.parametrize(
    "holder",
    [
        pytest.param(f"refresh {os.getpid()} on {socket.gethostname()}", id="alive"),
        pytest.param("refresh 999999999 on some-other-machine", id="elsewhere"),
        pytest.param("somebody", id="of another kind"),
    ],
)
def test_no_other_holder_is_pushed_aside(control, holder):
    control.acquire(holder, LONG)

    with pytest.raises(LeaseHeldError, match=re.escape(holder)), hold(control, "next", 60):
        pass


def test_a_holder_that_was_taken_for_dead_cannot_flip(control):
    fence = control.acquire(killed_holder(), LONG)

    with hold(control, "next", 60):
        assert not control.flip(fence, Pointer((Variant(Generation("g"), 1.0),)))
