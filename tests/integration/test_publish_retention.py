from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from batch.publish.candidate import refuse
from schemas import keys
from schemas.errors import GateRefusedError, InvalidParameterError, NothingPublishedError
from schemas.records import Generation, UserId
from schemas.store.control import Control
from schemas.store.register import Record, Register, State
from schemas.store.retention import Retention
from tests.builders import publish_small, ranking, set_live

OLDEST, OLD, NEW = (Generation(f"2026112{day}T020000Z") for day in (2, 3, 4))
NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
SUPERSEDED_HOURS, REFUSED_HOURS = 2.0, 1.0
FOREVER = -1
MINE = Record(Generation("20261125T020000Z"), State.WRITING, "me", fence=9)
"""The generation of the refresh that tidies up."""


@pytest.fixture
def client(redis_url):
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def retention(client):
    return on(client)


def on(client):
    return Retention(Control(client), Register(client), SUPERSEDED_HOURS)


def publish(client, generation, state=State.LIVE, **parts):
    """Write a generation's keys and its record; it is not live by that."""
    publish_small(client, generation, live=False, users={7: ranking(1, 2)})
    Register(client).write(Record(generation, state, **parts))


@pytest.fixture
def flipped(client, retention):
    """NEW has just been made live over OLD; nobody has tidied up yet."""
    publish(client, OLD)
    publish(client, NEW, State.WRITING)
    set_live(client, NEW, previous=OLD)
    return retention


@pytest.fixture
def settled(flipped):
    flipped.tidy(MINE, NOW)
    return flipped


def lifetimes(client, generation):
    """Seconds that each key of a generation has left; FOREVER for no end."""
    return {key: client.ttl(key) for key in client.scan_iter(keys.everything_of(generation))}


def states(retention):
    return {one.generation: one.state for one in retention.register.records()}


def everything(client):
    stored = {key: client.ttl(key) > 0 for key in client.scan_iter()}
    return stored, client.hgetall(keys.REGISTER), client.hgetall(keys.CONTROL)


def test_superseded_keys_get_an_expiry_and_live_ones_none(flipped, client):
    flipped.tidy(MINE, NOW)

    assert flipped.control.superseded_hours() == SUPERSEDED_HOURS
    assert set(lifetimes(client, NEW).values()) == {FOREVER}
    assert all(7000 < left <= 7200 for left in lifetimes(client, OLD).values())
    assert len(lifetimes(client, OLD)) == len(lifetimes(client, NEW)) > 3


def test_the_register_says_what_became_of_each_generation(settled):
    assert states(settled) == {OLD: State.SUPERSEDED, NEW: State.LIVE}
    assert settled.register.find(OLD).gone == "2026-11-24T05:00:00+00:00"
    assert settled.register.find(NEW).gone == ""


def test_tidying_twice_changes_nothing(settled, client):
    before = everything(client)

    settled.tidy(MINE, NOW + timedelta(minutes=5))

    assert everything(client) == before


def test_the_live_generation_loses_an_expiry_that_it_should_not_have(settled, client):
    settled.retire(settled.register.find(NEW), State.SUPERSEDED, 1, NOW)

    settled.tidy(MINE, NOW)

    assert set(lifetimes(client, NEW).values()) == {FOREVER}
    assert states(settled)[NEW] is State.LIVE


def test_what_a_dead_run_left_is_swept(settled, client):
    publish(client, OLDEST, State.WRITING)

    settled.tidy(MINE, NOW)

    assert not lifetimes(client, OLDEST)
    assert OLDEST not in states(settled)


def test_keys_that_no_record_tells_of_are_swept(settled, client):
    publish_small(client, OLDEST, live=False)

    settled.tidy(MINE, NOW)

    assert not lifetimes(client, OLDEST)


def test_sweeping_spares_what_is_kept(settled, client):
    before = everything(client)
    publish_small(client, OLDEST, live=False)

    settled.tidy(MINE, NOW)

    assert everything(client) == before


def test_a_superseded_generation_is_forgotten_when_its_time_is_over(client, retention):
    publish(client, OLDEST, State.SUPERSEDED, gone="2026-11-24T02:59:00+00:00")
    publish(client, NEW)
    set_live(client, NEW, previous=None)

    retention.tidy(MINE, NOW)

    assert set(states(retention)) == {NEW}
    assert not lifetimes(client, OLDEST)


def test_a_refused_candidate_is_kept_for_a_while(settled, client):
    publish(client, OLDEST, State.WRITING)

    refused = settled.register.find(OLDEST)
    refuse(settled, refused, GateRefusedError("too few"), REFUSED_HOURS, NOW)
    settled.tidy(MINE, NOW + timedelta(minutes=59))

    record = settled.register.find(OLDEST)
    assert (record.state, record.note) == (State.REFUSED, "too few")
    assert all(3500 < left <= 3600 for left in lifetimes(client, OLDEST).values())


class Dying(Redis):
    """Fails as soon as it is to look for keys, as if the process had been killed."""

    def scan_iter(self, *_arguments, **_options):
        raise KeyboardInterrupt


def test_a_superseded_generation_expires_even_if_the_first_try_was_cut_short(
    flipped, client, redis_url
):
    flipped.revive(flipped.register.find(NEW))
    with pytest.raises(KeyboardInterrupt), Dying.from_url(redis_url) as dying:
        on(dying).tidy(MINE, NOW)

    flipped.tidy(MINE, NOW)

    assert FOREVER not in lifetimes(client, OLD).values()


def test_reviving_takes_the_expiry_off(settled, client):
    settled.revive(settled.register.find(OLD))

    assert set(lifetimes(client, OLD).values()) == {FOREVER}
    assert (settled.register.find(OLD).state, settled.register.find(OLD).gone) == (State.LIVE, "")


def test_a_rollback_returns_to_the_generation_before(settled, client):
    assert settled.roll_back(None, NOW) == OLD

    pointer = settled.control.pointer()
    assert ([one.generation for one in pointer.live], pointer.previous) == ([OLD], NEW)
    assert set(lifetimes(client, OLD).values()) == {FOREVER}
    assert FOREVER not in lifetimes(client, NEW).values()
    assert states(settled) == {OLD: State.LIVE, NEW: State.SUPERSEDED}


def test_a_rollback_can_be_rolled_back_by_name_only(settled):
    settled.roll_back(None, NOW)

    with pytest.raises(InvalidParameterError, match=f"{NEW} is newer .* name it"):
        settled.roll_back(None, NOW)

    assert settled.control.pointer().live[0].generation == OLD
    assert settled.roll_back(NEW, NOW) == NEW


def test_a_rollback_goes_to_any_stored_generation_by_name(settled, client):
    publish(client, OLDEST, State.SUPERSEDED, gone="2026-11-25T00:00:00+00:00")

    assert settled.roll_back(OLDEST, NOW) == OLDEST
    assert settled.control.pointer().live[0].generation == OLDEST


def test_a_rollback_to_what_is_live_keeps_the_way_back(settled):
    settled.roll_back(NEW, NOW)

    assert settled.control.pointer().live[0].generation == NEW
    assert settled.control.pointer().previous == OLD


def test_a_rollback_does_not_need_the_lease(settled):
    settled.control.acquire("a refresh", 60_000)

    assert settled.roll_back(None, NOW) == OLD


def test_a_rollback_that_was_cut_short_leaves_no_second_generation_without_expiry(settled, client):
    settled.revive(settled.register.find(OLD))  # and then the process was killed

    settled.tidy(MINE, NOW)

    assert FOREVER not in lifetimes(client, OLD).values()
    assert set(lifetimes(client, NEW).values()) == {FOREVER}


def test_a_run_that_lost_its_lease_leaves_its_successor_alone(settled, client):
    successor = Generation("20261125T020100Z")
    publish(client, successor, State.WRITING, fence=MINE.fence + 1)
    unregistered = Generation("20261125T020200Z")
    publish_small(client, unregistered, live=False)

    settled.tidy(MINE, NOW)

    assert lifetimes(client, successor)
    assert successor in states(settled)
    assert lifetimes(client, unregistered)


def test_a_run_does_not_sweep_its_own_generation(settled, client):
    publish(client, MINE.generation, State.WRITING, fence=MINE.fence)

    settled.tidy(MINE, NOW)

    assert lifetimes(client, MINE.generation)


class Interrupting(Redis):
    """Somebody rolls back just when keys are about to get their expiry."""

    rolled_back = False

    def scan_iter(self, *arguments, **options):
        if not self.rolled_back:
            self.rolled_back = True
            on(self).roll_back(OLD, NOW)
        return super().scan_iter(*arguments, **options)


def test_a_rollback_during_tidying_leaves_what_is_live_without_expiry(flipped, client, redis_url):
    flipped.revive(flipped.register.find(NEW))
    with Interrupting.from_url(redis_url) as interrupted:
        on(interrupted).tidy(MINE, NOW)

    assert flipped.control.pointer().live[0].generation == OLD
    assert set(lifetimes(client, OLD).values()) == {FOREVER}
    assert states(flipped)[OLD] is State.LIVE


def test_a_generation_that_is_about_to_expire_cannot_be_rolled_back_to(settled):
    record = settled.register.find(OLD)
    settled.register.write(replace(record, gone=(NOW + timedelta(seconds=20)).isoformat()))

    with pytest.raises(InvalidParameterError, match=f"stored are {NEW}$"):
        settled.roll_back(None, NOW)


def test_a_generation_that_served_is_kept_even_if_its_run_died_after_the_flip(flipped):
    flipped.roll_back(OLD, NOW)

    assert states(flipped) == {OLD: State.LIVE, NEW: State.SUPERSEDED}
    assert flipped.roll_back(NEW, NOW) == NEW


@pytest.mark.parametrize("state", [State.WRITING, State.REFUSED])
def test_a_generation_that_never_served_cannot_be_rolled_back_to(settled, client, state):
    publish(client, OLDEST, state)

    with pytest.raises(InvalidParameterError, match=f"cannot roll back to {OLDEST}"):
        settled.roll_back(OLDEST, NOW)


def test_an_unknown_generation_is_refused_with_those_that_are_known(settled):
    with pytest.raises(InvalidParameterError, match=f"stored are {OLD}, {NEW}"):
        settled.roll_back(Generation("nonsense"), NOW)


def test_a_generation_whose_keys_are_gone_cannot_be_rolled_back_to(settled, client):
    client.delete(keys.manifest(OLD))

    with pytest.raises(InvalidParameterError, match=f"stored are {NEW}$"):
        settled.roll_back(None, NOW)


def test_a_refused_rollback_changes_nothing(settled, client):
    before = everything(client)

    with pytest.raises(InvalidParameterError):
        settled.roll_back(Generation("nonsense"), NOW)

    assert everything(client) == before


def test_without_a_generation_before_there_is_nothing_to_roll_back_to(client, retention):
    publish(client, NEW)
    set_live(client, NEW)

    with pytest.raises(InvalidParameterError, match="cannot roll back to the previous generation"):
        retention.roll_back(None, NOW)


def test_an_empty_store_has_nothing_to_roll_back_to(retention):
    with pytest.raises(NothingPublishedError, match="`anirec refresh` comes first"):
        retention.roll_back(None, NOW)


def test_readers_never_miss_a_list_during_a_rollback(settled, client):
    key = keys.user(OLD, UserId(7))
    before = client.get(key)

    settled.roll_back(None, NOW)

    assert client.get(key) == before is not None


def test_two_refreshes_in_one_second_have_different_names(retention):
    first, second = (retention.register.add(NOW, "me") for _ in range(2))

    assert [first.generation, second.generation] == ["20261124T030000Z", "20261124T030001Z"]
    assert retention.register.records() == [first, second]


def test_a_record_comes_back_as_it_was_written(retention):
    record = replace(Record(NEW, State.REFUSED, "me"), dataset="d", users=3, note="n", gone="g")

    retention.register.write(record)

    assert retention.register.find(NEW) == record
