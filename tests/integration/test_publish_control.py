import time

import pytest
from redis import Redis

from batch.params import PublishParams
from schemas.errors import LeaseHeldError
from schemas.pointer import Pointer, Variant
from schemas.records import Generation
from schemas.store.control import Control

LONG = 60_000
A, B = (Pointer((Variant(Generation(name), 1.0),)) for name in ("A", "B"))


@pytest.fixture
def control(redis_url):
    with Redis.from_url(redis_url) as client:
        yield Control(client)


def run_out(control, holder="old"):
    """The token of a lease that is no more."""
    fence = control.acquire(holder, 1)
    time.sleep(0.02)
    return fence


def test_nothing_is_live_at_first(control):
    assert control.pointer() is None


def test_the_holder_can_flip(control):
    fence = control.acquire("me", LONG)

    assert control.flip(fence, A)
    assert control.pointer() == A


def test_an_old_holder_cannot_flip_after_somebody_else_took_the_lease(control):
    old = run_out(control)
    new = control.acquire("new", LONG)

    assert not control.flip(old, A)
    assert control.pointer() is None
    assert control.flip(new, B)


def test_an_old_holder_cannot_flip_after_its_own_lease_ran_out(control):
    assert not control.flip(run_out(control), A)
    assert control.pointer() is None


def test_nobody_can_flip_after_giving_the_lease_back(control):
    fence = control.acquire("me", LONG)
    control.release(fence)

    assert not control.flip(fence, A)


def test_a_token_that_was_never_given_cannot_flip(control):
    fence = control.acquire("me", LONG)

    assert not control.flip(fence + 1, A)


def test_every_lease_has_a_higher_token(control):
    fences = [run_out(control) for _ in range(3)]

    assert fences == sorted(set(fences))


def test_a_second_holder_is_told_who_has_the_lease(control):
    control.acquire("refresh 7 on night-1", LONG)

    with pytest.raises(LeaseHeldError, match="refresh 7 on night-1"):
        control.acquire("me", LONG)


def test_a_lease_given_back_is_free(control):
    control.release(control.acquire("first", LONG))

    assert control.acquire("second", LONG)


def test_renewing_prolongs_the_lease(control):
    fence = control.acquire("me", 1000)
    assert control.renew(fence, LONG)
    time.sleep(1.1)

    with pytest.raises(LeaseHeldError, match="me"):
        control.acquire("other", LONG)


def test_a_lease_that_ran_out_cannot_be_renewed(control):
    assert not control.renew(run_out(control), LONG)


def test_a_lease_that_somebody_else_has_cannot_be_renewed(control):
    old = run_out(control)
    control.acquire("new", LONG)

    assert not control.renew(old, LONG)


def test_giving_an_old_lease_back_leaves_the_new_one(control):
    old = run_out(control)
    control.acquire("new", LONG)

    control.release(old)

    with pytest.raises(LeaseHeldError, match="new"):
        control.acquire("third", LONG)


def test_a_swap_does_not_wait_for_the_lease(control):
    control.acquire("refresh", LONG)

    control.swap(A)

    assert control.pointer() == A


class Overtaken(Redis):
    """Another client moves the pointer just after this one has read it, once."""

    rival = None

    def hget(self, *arguments):
        found = super().hget(*arguments)
        if self.rival:
            rival, self.rival = self.rival, None
            rival.swap(B)
        return found


@pytest.mark.parametrize("change", ["flip", "swap"])
def test_a_change_that_was_overtaken_is_tried_again(control, redis_url, change):
    with Overtaken.from_url(redis_url) as client:
        client.rival = control
        mine = Control(client)
        fence = mine.acquire("me", LONG)

        mine.flip(fence, A) if change == "flip" else mine.swap(A)

    assert control.pointer() == A


def test_a_rollback_during_a_refresh_does_not_cost_it_the_lease(control):
    fence = control.acquire("refresh", LONG)

    control.swap(A)

    assert control.flip(fence, B)


def test_a_pointer_is_changed_only_from_what_was_seen(control):
    control.swap(A)
    seen = control.pointer_text()

    assert control.swap_from(seen, B)
    assert not control.swap_from(seen, A)
    assert control.pointer() == B


def test_how_long_superseded_generations_stay_is_as_the_last_refresh_said(control):
    assert control.superseded_hours() == PublishParams().superseded_hours

    control.note_superseded_hours(1.5)

    assert control.superseded_hours() == 1.5
