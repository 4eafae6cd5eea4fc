"""From a refresh to an answer: what the batch flagged and ordered is what the API shows."""

import pytest

from api.app import create_app
from api.repository import RedisRankings
from schemas import catalogue_codec, keys, ranking_codec
from schemas.records import Generation, UserId
from tests.datasets import prepared, refreshed

USERS = (7, 8, 20)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return prepared(tmp_path_factory.mktemp("world"))


@pytest.fixture
def made(world, redis_url):
    return Generation(refreshed(world, redis_url).generation)


@pytest.fixture
def app(client, made):
    return create_app(RedisRankings(client)).test_client()


@pytest.fixture
def catalogue(client, made):
    return catalogue_codec.decode(client.get(keys.catalogue(made)))


def ids(response):
    return [item["anime_id"] for item in response.json["items"]]


def ask(app, user, query):
    return ids(app.get(f"/v1/users/{user}/recommendations?{query}"))


@pytest.mark.parametrize("user", USERS)
def test_franchise_all_answers_the_pure_ranking(app, client, made, catalogue, user):
    payload = client.get(keys.user(made, UserId(user)))

    pure = [catalogue[entry.column].anime_id for entry in ranking_codec.decode(payload)]
    assert ask(app, user, "franchise=all&limit=100") == pure


@pytest.mark.parametrize("user", USERS)
def test_franchise_one_answers_the_order_that_was_stored(app, client, made, catalogue, user):
    payload = client.get(keys.user(made, UserId(user)))
    entries = ranking_codec.decode(payload)

    shown = [entries[at] for at in ranking_codec.shown(payload, ranking_codec.layout(payload))]

    assert ask(app, user, "limit=100") == [catalogue[one.column].anime_id for one in shown]
    assert not any(one.rules for one in shown)
    sagas = [catalogue[one.column].franchise for one in shown if catalogue[one.column].franchise]
    assert len(sagas) == len(set(sagas)) < len(entries)


@pytest.mark.parametrize("user", USERS)
def test_the_api_works_out_the_same_order_where_none_is_stored(app, client, made, user):
    name = keys.user(made, UserId(user))
    before = ask(app, user, "limit=100")

    client.set(name, ranking_codec.encode(ranking_codec.decode(client.get(name))))

    assert ask(app, user, "limit=100") == before


def test_a_stranger_and_a_newcomer_are_shown_one_title_of_a_franchise(app, catalogue):
    franchise = {one.anime_id: one.franchise or -one.anime_id for one in catalogue}
    newcomer = {"ratings": [{"anime_id": 1}, {"anime_id": 9}], "limit": 100}

    for answer in (
        app.get("/v1/users/99999/recommendations?limit=100"),
        app.post("/v1/recommendations", json=newcomer),
    ):
        sagas = [franchise[one] for one in ids(answer)]
        assert len(sagas) == len(set(sagas)) > 5
