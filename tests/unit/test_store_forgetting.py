"""Whether there was anything to forget."""

import pytest
from fakeredis import FakeRedis

from schemas import keys
from schemas.store.forgetting import forget, forgotten
from schemas.store.register import Record, Register, State
from tests.builders import GENERATION, publish_small, ranking

KNOWN, RATED, NOBODY = 7, 8, 404


@pytest.fixture
def store():
    client = FakeRedis()
    publish_small(client, GENERATION, users={KNOWN: ranking(1, 2)}, popular=ranking(0))
    Register(client).write(Record(GENERATION, State.LIVE))
    client.xadd(keys.STREAM, {"user": RATED, "anime": 1})
    return client


@pytest.mark.parametrize("user", [KNOWN, RATED])
def test_what_was_stored_about_somebody_is_erased_once(store, user):
    assert forget(store, store, user) is True
    assert forget(store, store, user) is False


def test_a_recent_rating_alone_is_something(store):
    store.hset(keys.recent(NOBODY), "1", "x")

    assert forget(store, store, NOBODY) is True


def test_of_somebody_unknown_nothing_is_erased_and_they_stay_out_all_the_same(store):
    before = store.get(keys.user(GENERATION, KNOWN))

    assert forget(store, store, NOBODY) is False

    assert set(forgotten(store)) == {NOBODY}
    assert store.get(keys.user(GENERATION, KNOWN)) == before
    assert store.xlen(keys.STREAM) == 1
