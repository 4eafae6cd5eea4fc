"""One suite for both sides of the Rankings seam, then what only Redis can do."""

import asyncio
import threading

import fakeredis
import pytest

from api import lines, waiting
from api.repository import NotAtHandError, RedisRankings
from api.search import TitleIndex
from schemas import audiences_codec, history_codec, keys, ranking_codec
from schemas.audiences_codec import Crowd, Fans
from schemas.errors import NothingPublishedError, PayloadError
from schemas.insights import Audience, Gem, Leaning
from schemas.records import Column, Interaction, Neighbour, Status
from tests.builders import (
    GENERATION,
    LATER,
    SmallGeneration,
    catalogue,
    insights,
    payloads,
    publish_small,
    ranking,
    set_live,
)
from tests.fakes import InMemoryRankings


def first(limit):
    return lambda payload: lines.read(payload, limit)


def in_memory(*generations, previous=None):
    return InMemoryRankings(*generations, previous=previous)


def in_redis(*generations, previous=None):
    client = fakeredis.FakeRedis()
    for one in generations:
        client.mset(payloads(one))
        set_live(client, one.generation, previous)
    return RedisRankings(client)


@pytest.fixture(params=[in_memory, in_redis])
def rankings_of(request):
    """Builds rankings that hold the given generations; the last one is live."""
    return request.param


def test_the_pointer_names_the_live_generation_and_the_previous_one(rankings_of):
    rankings = rankings_of(
        SmallGeneration(), SmallGeneration(generation=LATER), previous=GENERATION
    )

    pointer = rankings.pointer()

    assert [variant.generation for variant in pointer.live] == [LATER]
    assert pointer.previous == GENERATION


def test_reading_before_anything_was_published_is_an_error(rankings_of):
    with pytest.raises(NothingPublishedError):
        rankings_of().pointer()


def test_a_generation_that_is_gone_is_an_error(rankings_of):
    with pytest.raises(NothingPublishedError, match=LATER):
        rankings_of(SmallGeneration()).load(LATER)


def test_loading_gives_titles_by_column_and_columns_by_id(rankings_of):
    loaded = rankings_of(SmallGeneration(anime=catalogue(30, 10))).load(GENERATION)

    assert [one.anime_id for one in loaded.catalogue.anime] == [30, 10]
    assert loaded.catalogue.column_of == {30: 0, 10: 1}
    assert loaded.manifest.generation == loaded.generation == GENERATION


def test_the_popular_list_is_loaded_whole(rankings_of):
    loaded = rankings_of(SmallGeneration(popular=ranking(3, 1, 2))).load(GENERATION)

    assert list(loaded.popular.columns) == [3, 1, 2]


def test_only_the_generation_asked_for_is_read(rankings_of):
    rankings = rankings_of(
        SmallGeneration(users={7: ranking(1)}),
        SmallGeneration(generation=LATER, users={7: ranking(2)}),
    )

    assert list(rankings.user(GENERATION, 7).read(first(10)).columns) == [1]
    assert list(rankings.user(LATER, 7).read(first(10)).columns) == [2]


def test_a_list_is_read_up_to_the_limit(rankings_of):
    rankings = rankings_of(SmallGeneration(users={7: ranking(4, 3, 2, 1)}))

    found = rankings.user(GENERATION, 7).read(first(2))

    assert list(found.columns) == [4, 3]
    assert found.scores == pytest.approx([1.0, 0.5], abs=1e-3)


def test_reasons_come_with_their_shares(rankings_of):
    stored = ranking(1, 2, reasons={3: 0.6, 4: 0.2})

    found = rankings_of(SmallGeneration(users={7: stored})).user(GENERATION, 7).read(first(1))

    assert list(found.reasons) == [(3, 153, 4, 51)]


def test_an_empty_list_is_not_a_missing_one(rankings_of):
    rankings = rankings_of(SmallGeneration(users={7: ()}))

    assert list(rankings.user(GENERATION, 7).read(first(10)).columns) == []
    assert rankings.user(GENERATION, 8).read(first(10)) is None


def test_a_history_comes_with_a_list_where_it_is_wanted(rankings_of):
    done = Interaction(Column(1), 9, Status.COMPLETED)
    rankings = rankings_of(SmallGeneration(users={7: ranking(2)}, histories={7: (done,)}))

    found = rankings.user(GENERATION, 7, with_history=True)

    assert found.history == (history_codec.encode([done]),)
    assert list(found.read(first(10)).columns) == [2]
    assert rankings.user(GENERATION, 8, with_history=True).history == (None,)
    assert rankings.user(GENERATION, 7).history == ()


def test_insights_are_those_of_the_generation_and_none_of_an_older_one(rankings_of):
    told = insights(gems=(Gem(2, 30, 9.0, 0.9),))
    rankings = rankings_of(SmallGeneration(), SmallGeneration(generation=LATER, insights=told))

    assert rankings.insights(LATER) == told
    assert rankings.insights(GENERATION) is None


def test_an_audience_is_found_by_column_and_named_by_the_manifest(rankings_of):
    payload = audiences_codec.encode(Crowd([1], [0.2]), {3: Fans(50, {0: 1.0})}, 1)
    rankings = rankings_of(
        SmallGeneration(audiences=payload, genres=("Action", "Drama")),
        SmallGeneration(generation=LATER),
    )

    assert rankings.audience(GENERATION, 3) == Audience(50, (Leaning("Drama", 1.0, 0.2),))
    assert rankings.audience(GENERATION, 2) is None
    assert rankings.audience(LATER, 3) is None


@pytest.mark.parametrize("key", [keys.insights, keys.audiences])
def test_what_cannot_be_read_of_everybody_is_named_by_its_key(key):
    client = fakeredis.FakeRedis()
    publish_small(client)
    client.set(key(GENERATION), b"?")
    rankings = RedisRankings(client)

    with pytest.raises(PayloadError, match=key(GENERATION)):
        (rankings.insights(GENERATION), rankings.audience(GENERATION, 0))


def test_users_and_anime_with_the_same_id_are_kept_apart(rankings_of):
    rankings = rankings_of(SmallGeneration(users={1: ranking(2)}, similar={1: ranking(3)}))

    assert list(rankings.similar_to(GENERATION, 1, first(10)).columns) == [3]
    assert rankings.similar_to(GENERATION, 2, first(10)) is None


def test_neighbours_are_read_up_to_the_limit(rankings_of):
    rankings = rankings_of(SmallGeneration(neighbours={7: {30: 1.0, 20: 0.6, 10: 0.2}, 8: {}}))

    assert rankings.neighbours(GENERATION, 7, 2) == (Neighbour(30, 1.0), Neighbour(20, 0.6))
    assert rankings.neighbours(GENERATION, 8, 2) == ()
    assert rankings.neighbours(GENERATION, 9, 2) is None


def test_influence_rows_keep_the_order_asked_for(rankings_of):
    rankings = rankings_of(SmallGeneration(influences={1: {0: 1.0}, 2: {1: 1.0, 2: 0.5}}))

    lengths = [row and len(row) for row in rankings.influences(GENERATION, [2, 9, 1])]

    assert lengths == [10, None, 6]
    assert rankings.influences(GENERATION, []) == []


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def client():
    return fakeredis.FakeRedis()


def live(rankings):
    return rankings.pointer().live[0].generation


def test_a_flip_is_seen_when_the_pointer_is_a_quarter_of_a_second_old(client):
    clock = Clock()
    rankings = RedisRankings(client, clock=clock)
    set_live(client, GENERATION)
    assert live(rankings) == GENERATION

    set_live(client, LATER)
    clock.now += 0.24
    assert live(rankings) == GENERATION

    clock.now += 0.01
    assert live(rankings) == LATER


def test_a_generation_is_loaded_once(client):
    publish_small(client)
    rankings = RedisRankings(client)
    first = rankings.load(GENERATION)

    client.delete(keys.catalogue(GENERATION))

    assert rankings.load(GENERATION) is first


def test_titles_get_ready_to_be_found_before_anybody_looks(client, monkeypatch):
    publish_small(client)
    made = threading.Event()
    monkeypatch.setattr(TitleIndex, "make_ready", lambda _: made.set())

    RedisRankings(client).load(GENERATION)

    assert made.wait(30)


def test_three_generations_are_kept_and_the_oldest_is_let_go(client):
    names = ["g1", "g2", "g3", "g4"]
    for name in names:
        publish_small(client, name)
    rankings = RedisRankings(client)
    first, second, third, fourth = [rankings.load(name) for name in names]

    assert rankings.load("g4") is fourth
    assert rankings.load("g3") is third
    assert rankings.load("g2") is second
    assert rankings.load("g1") is not first


def test_a_popular_list_of_another_catalogue_is_refused_by_name(client):
    publish_small(client)
    client.set(keys.popular(GENERATION), ranking_codec.encode(ranking(0, 65_000)))

    with pytest.raises(PayloadError, match=f"{keys.popular(GENERATION)}: .*names title 65000"):
        RedisRankings(client).load(GENERATION)


def test_a_generation_without_a_popular_list_has_an_empty_one(client):
    publish_small(client)
    client.delete(keys.popular(GENERATION))

    assert list(RedisRankings(client).load(GENERATION).popular.columns) == []


def test_a_history_takes_no_command_of_its_own_and_counts_in_the_cache(client, monkeypatch):
    titles = [Interaction(Column(one), 9, Status.COMPLETED) for one in range(300)]
    publish_small(client, users={7: ranking(2), 8: ranking(2)}, histories={7: titles})
    read = client.mget
    commands = []
    monkeypatch.setattr(client, "mget", lambda names: commands.append(names) or read(names))
    rankings = RedisRankings(client, cache_bytes=1 << 20)
    rankings.pointer()

    found, sizes = [], [0]
    for one in (7, 8, 7):
        found.append(rankings.user(GENERATION, one, with_history=True))
        sizes.append(rankings._users.size)

    assert len(commands) == 2
    assert found[0] is found[2]
    assert sizes[1] == (sizes[2] - sizes[1]) + len(found[0].history[0])


@pytest.mark.parametrize(
    ("key", "read"),
    [
        (keys.user(GENERATION, 7), lambda rankings: rankings.user(GENERATION, 7).read(first(10))),
        (
            keys.similar(GENERATION, 7),
            lambda rankings: rankings.similar_to(GENERATION, 7, first(10)),
        ),
        (keys.neighbours(GENERATION, 7), lambda rankings: rankings.neighbours(GENERATION, 7, 10)),
        (keys.catalogue(GENERATION), lambda rankings: rankings.load(GENERATION)),
        (keys.manifest(GENERATION), lambda rankings: rankings.load(GENERATION)),
        (keys.popular(GENERATION), lambda rankings: rankings.load(GENERATION)),
    ],
)
def test_bytes_that_cannot_be_read_are_named_by_their_key(client, key, read):
    publish_small(client)
    client.set(key, b"\x09whatever")

    with pytest.raises(PayloadError, match=f"^{key}: "):
        read(RedisRankings(client))


def test_a_pointer_that_cannot_be_read_is_named_by_its_key(client):
    client.hset(keys.CONTROL, "pointer", "[]")

    with pytest.raises(PayloadError, match=f"^{keys.CONTROL}: "):
        RedisRankings(client).pointer()


def test_a_list_cut_short_is_refused(client):
    client.set(keys.user(GENERATION, 7), ranking_codec.encode(ranking(1, 2, 3))[:-1])

    with pytest.raises(PayloadError, match="ranking is"):
        RedisRankings(client).user(GENERATION, 7).read(first(10))


def test_keeping_up_loads_what_is_live_so_that_a_loop_has_it_at_hand(client):
    publish_small(client, users={7: ranking(2)})
    rankings = RedisRankings(client)
    assert not rankings.is_at_hand

    rankings.keep_up()

    assert rankings.is_at_hand


def test_on_a_loop_nothing_is_loaded(client):
    publish_small(client, users={7: ranking(2)})
    rankings = RedisRankings(client)

    with pytest.raises(NotAtHandError):
        asyncio.run(waiting.run(lambda: rankings.load(GENERATION)))
