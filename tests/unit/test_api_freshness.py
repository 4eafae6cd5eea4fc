"""How a worker follows what changes, on a clock of its own."""

import fakeredis
import pytest
from redis import RedisError
from redis.exceptions import ConnectionError as RedisConnectionError

from api.breaker import OPEN_SECONDS
from api.freshness import ASK_SECONDS, TRUST_SECONDS
from api.repository import RedisRankings
from schemas import keys, overlay_codec, ranking_codec
from schemas.store import ratings
from schemas.store.forgetting import forget
from tests.builders import GENERATION, publish_small, ranking

MANY = 1 << 20


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


class Flaky(fakeredis.FakeRedis):
    """Fails while it is away, and counts what it is asked."""

    away = False
    asked = 0

    def execute_command(self, *args, **options):
        self.asked += 1
        if self.away:
            raise RedisConnectionError("away")
        return super().execute_command(*args, **options)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def client():
    return Flaky()


@pytest.fixture
def rankings(client, clock):
    publish_small(client, users={7: ranking(1, 2)})
    made = RedisRankings(client, cache_bytes=MANY, clock=clock)
    made.pointer()
    return made


def columns(rankings, user=7):
    rankings.pointer()
    payload = rankings.user(GENERATION, user).ranking
    return None if payload is None else [one.column for one in ranking_codec.decode(payload)]


def refresh_list(client, *chosen, user=7):
    payload = ranking_codec.encode(ranking(*chosen))
    client.set(keys.overlay(GENERATION, user), overlay_codec.encode(1, payload))


def test_a_list_is_read_once(rankings, client):
    assert columns(rankings) == [1, 2]
    before = client.asked

    assert columns(rankings) == [1, 2]

    assert client.asked == before


def test_that_there_is_no_list_is_remembered_too(rankings, client):
    assert columns(rankings, 8) is None
    before = client.asked

    assert columns(rankings, 8) is None

    assert client.asked == before


def test_a_change_that_is_told_is_seen_when_the_worker_next_asks(rankings, client, clock):
    columns(rankings)
    refresh_list(client, 3)
    ratings.announce(client, 7)

    assert columns(rankings) == [1, 2]
    clock.now += ASK_SECONDS
    assert columns(rankings) == [3]


def test_a_change_of_one_user_leaves_the_others_remembered(rankings, client, clock):
    columns(rankings, 8)
    ratings.announce(client, 7)
    clock.now += ASK_SECONDS
    rankings.pointer()
    before = client.asked

    columns(rankings, 8)

    assert client.asked == before


@pytest.mark.parametrize("first", [True, False])
def test_changes_that_were_dropped_before_they_were_seen_make_a_worker_forget_all(
    client, clock, first, rankings
):
    if first:  # it has seen a change before
        ratings.announce(client, 1)
        clock.now += ASK_SECONDS
    columns(rankings)
    refresh_list(client, 3)
    for n in range(20):
        client.xadd(keys.CHANGES, {"user": n}, maxlen=5, approximate=False)
    if not first:
        client.xtrim(keys.CHANGES, maxlen=0, approximate=False)

    clock.now += ASK_SECONDS
    expected = [3] if first else [1, 2]  # an empty stream says nothing to who saw none
    assert columns(rankings) == expected


def test_a_store_that_has_lost_its_changes_makes_a_worker_forget_all(rankings, client, clock):
    ratings.announce(client, 1)
    clock.now += ASK_SECONDS
    columns(rankings)
    refresh_list(client, 3)
    client.delete(keys.CHANGES)

    clock.now += ASK_SECONDS

    assert columns(rankings) == [3]


def test_what_is_read_while_a_change_comes_in_is_not_kept(rankings, client, clock):
    """The list is read, then changes, and the worker hears of it before it keeps what it read."""
    read = rankings._of_user

    def slow(generation, user_id):
        found = read(generation, user_id)
        refresh_list(client, 3)
        ratings.announce(client, 7)
        clock.now += ASK_SECONDS
        rankings.pointer()
        return found

    rankings._of_user = slow
    assert columns(rankings) == [1, 2]
    rankings._of_user = read

    assert columns(rankings) == [3]


def test_a_worker_that_cannot_ask_is_stale_after_less_than_a_second(rankings, client, clock):
    columns(rankings)
    client.away = True

    clock.now += ASK_SECONDS
    columns(rankings)
    assert not rankings.is_stale

    clock.now += TRUST_SECONDS
    assert columns(rankings) == [1, 2]
    assert rankings.is_stale
    with pytest.raises(RedisError):
        rankings.user(GENERATION, 8)


def test_a_worker_is_fresh_again_as_soon_as_it_could_ask(rankings, client, clock):
    columns(rankings)
    client.away = True
    clock.now += 2
    columns(rankings)
    client.away = False
    refresh_list(client, 3)
    ratings.announce(client, 7)

    clock.now += OPEN_SECONDS + ASK_SECONDS

    assert columns(rankings) == [3]
    assert not rankings.is_stale


def test_an_idle_worker_does_not_trust_what_it_remembers(rankings, client, clock):
    columns(rankings)
    refresh_list(client, 3)
    ratings.announce(client, 7)

    clock.now += 3600

    assert columns(rankings) == [3]


def test_a_forgotten_user_is_not_remembered(rankings, client, clock):
    client.hset(keys.REGISTER, GENERATION, '{"state": "live"}')
    columns(rankings)

    forget(client, client, 7)
    clock.now += ASK_SECONDS
    assert columns(rankings) is None

    client.away = True
    clock.now += 2
    assert columns(rankings) is None


def test_a_store_that_was_never_seen_is_an_error(client, clock):
    client.away = True

    with pytest.raises(RedisConnectionError):
        RedisRankings(client, cache_bytes=MANY, clock=clock).pointer()


def test_influence_rows_are_read_once(client, clock):
    publish_small(client, influences={1: {2: 0.5}})
    rankings = RedisRankings(client, cache_bytes=MANY, clock=clock)
    first = rankings.influences(GENERATION, [1, 9])
    before = client.asked

    assert rankings.influences(GENERATION, [9, 1, 1]) == [None, first[0], first[0]]
    assert client.asked == before
