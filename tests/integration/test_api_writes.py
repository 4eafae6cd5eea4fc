"""Ratings and forgetting, over a real Redis and several workers."""

import time
from datetime import UTC, datetime

import pytest
from redis import Redis

from api import process
from api.settings import Settings
from schemas import documents, keys, overlay_codec, ranking_codec
from schemas.ratings import read_fields
from schemas.records import Status
from schemas.store import access, forgetting, ratings
from tests.builders import GENERATION, LATER, anime, catalogue, publish_small, ranking

PATH = "/v1/users/7/recommendations"
RATINGS = "/v1/users/7/ratings"
INFLUENCES = {1: {2: 0.5, 3: 0.25}, 2: {3: 0.5}}


@pytest.fixture
def redis(redis_url):
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def key(redis):
    return access.create(redis, "tests", datetime.now(UTC))[1]


@pytest.fixture
def worker(redis_url):
    """Makes one worker; each has a cache of its own."""
    return lambda **settings: process.build(Settings(redis_url, **settings)).test_client()


@pytest.fixture
def send(worker, key):
    """Sends a rating through a worker of its own, which no other test shares."""
    client = worker()

    def post(body, path=RATINGS, **headers):
        return client.post(path, json=body, headers={"Authorization": f"Bearer {key}", **headers})

    return post


def ids(answer):
    return [item["anime_id"] for item in answer.json["items"]]


def within_a_second(read, expected):
    started = time.monotonic()
    while (found := read()) != expected:
        assert time.monotonic() - started < 1.0, f"still {found!r}, not {expected!r}"
        time.sleep(0.01)


def entries(redis):
    return [read_fields(said) for _, said in redis.xrange(keys.STREAM)]


def test_a_rating_is_kept_and_named_by_its_place_in_the_stream(redis, send):
    publish_small(redis, users={7: ranking(2, 0)})

    answer = send({"anime_id": 3, "rating": 9, "status": "completed"})

    ((entry, said),) = redis.xrange(keys.STREAM)
    assert (answer.status_code, answer.json) == (202, {"id": entry.decode()})
    rating = read_fields(said)
    assert (rating.user_id, rating.anime_id, rating.rating) == (7, 3, 9)
    assert rating.status is Status.COMPLETED


@pytest.mark.parametrize("said", [{"rating": 9}, {"status": "dropped"}, {"status": "planned"}])
def test_every_worker_hides_a_rated_title_within_a_second(redis, worker, send, said):
    publish_small(redis, users={7: ranking(2, 0, 1)})
    workers = [worker(), worker(), worker(cache_mb=0)]
    assert [ids(one.get(PATH)) for one in workers] == [[3, 1, 2]] * 3

    send({"anime_id": 3, **said})

    for one in workers:
        within_a_second(lambda one=one: ids(one.get(PATH)), [1, 2])
        assert one.get(PATH).json["source"] == "precomputed"


def test_a_full_cache_does_not_keep_what_has_changed(redis, worker, send):
    users = {user: ranking(*range(5)) for user in range(3000)}
    publish_small(redis, users=users)
    client = worker(cache_mb=1)
    for user in users:
        client.get(f"/v1/users/{user}/recommendations")
    assert ids(client.get(PATH)) == [1, 2, 3, 4, 5]

    send({"anime_id": 3, "rating": 2})

    within_a_second(lambda: ids(client.get(PATH)), [1, 2, 4, 5])


def test_somebody_unknown_is_answered_from_what_they_rated_just_now(redis, worker, send):
    publish_small(redis, influences=INFLUENCES, popular=ranking(4, 0))
    client = worker()
    assert client.get(PATH).json["source"] == "popular"

    send({"anime_id": 1, "rating": 10})

    within_a_second(lambda: client.get(PATH).json["source"], "live")
    assert ids(client.get(PATH)) == [3, 4, 5]
    assert client.get(PATH).json["user_id"] == 7


def test_a_second_rating_of_a_title_replaces_the_first_in_answers_but_not_in_the_stream(
    redis, send
):
    publish_small(redis)
    send({"anime_id": 1, "rating": 10})
    send({"anime_id": 2, "rating": 8})
    send({"anime_id": 1, "status": "dropped"})

    rankings = process.RedisRankings(redis)
    recent = rankings.user(GENERATION, 7).recent

    assert [(one.anime_id, one.rating, one.status) for one in recent] == [
        (2, 8, Status.UNKNOWN),
        (1, 0, Status.DROPPED),
    ]
    assert len(entries(redis)) == 3


def test_the_same_sent_twice_with_one_idempotency_key_is_kept_once(redis, send):
    publish_small(redis)
    body, named = {"anime_id": 1, "rating": 9}, {"Idempotency-Key": "abc-1"}

    first, second = send(body, **named), send(body, **named)

    assert first.json == second.json
    assert len(entries(redis)) == 1


def test_an_idempotency_key_stands_for_one_rating_of_one_user(redis, send):
    publish_small(redis)
    named = {"Idempotency-Key": "abc-1"}
    send({"anime_id": 1, "rating": 9}, **named)

    other = send({"anime_id": 1, "rating": 8}, **named)
    of_another_user = send({"anime_id": 1, "rating": 8}, "/v1/users/8/ratings", **named)

    assert (other.status_code, other.content_type) == (409, "application/problem+json")
    assert of_another_user.status_code == 202
    assert len(entries(redis)) == 2


@pytest.mark.parametrize("name", ["", "a b", "x" * 201, "\u00e9"])
def test_an_idempotency_key_that_is_none_is_refused(redis, send, name):
    publish_small(redis)

    answer = send({"anime_id": 1, "rating": 9}, **{"Idempotency-Key": name})

    assert answer.status_code == 400
    assert "Idempotency-Key must be" in answer.json["detail"]


def test_a_receipt_is_kept_for_a_day(redis, send):
    publish_small(redis)

    send({"anime_id": 1, "rating": 9}, **{"Idempotency-Key": "abc-1"})

    assert 0 < redis.ttl(keys.receipts(7)) <= ratings.RECEIPT_SECONDS


def test_a_full_backlog_is_said_and_nothing_is_trimmed(redis, worker, key):
    publish_small(redis)
    client = worker(ratings_backlog=2)
    sent = {"Authorization": f"Bearer {key}"}

    answers = [client.post(RATINGS, json={"anime_id": n, "rating": 5}, headers=sent)
               for n in (1, 2, 3)]  # fmt: skip

    assert [one.status_code for one in answers] == [202, 202, 503]
    assert answers[2].headers["Retry-After"] == "60"
    assert [one.anime_id for one in entries(redis)] == [1, 2]


def test_a_rating_of_a_title_nobody_knows_is_refused(redis, send):
    publish_small(redis)

    assert send({"anime_id": 99, "rating": 5}).status_code == 404
    assert entries(redis) == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"rating": 5}, "anime_id is required"),
        ({"anime_id": 1}, "a rating, a status, or both are required"),
        ({"anime_id": 1, "rating": 11}, "rating must be an integer from 1 to 10, got 11"),
        ({"anime_id": 1, "rating": True}, "rating must be an integer from 1 to 10, got true"),
        ({"anime_id": 1, "status": "seen"}, "status must be one of watching, completed"),
        ({"anime_id": 1, "rating": 5, "note": ""}, "unknown field 'note'"),
        ([1], "the body must be a JSON object, got an array"),
    ],
)
def test_a_rating_that_says_nothing_usable_is_refused(redis, send, body, reason):
    publish_small(redis)

    answer = send(body)

    assert answer.status_code == 400
    assert reason in answer.json["detail"]


def test_a_body_of_other_kind_or_size_is_refused(redis, worker, key):
    publish_small(redis)
    client, sent = worker(), {"Authorization": f"Bearer {key}"}

    assert client.post(RATINGS, data="x=1", headers=sent).status_code == 415
    large = client.post(RATINGS, json={"anime_id": 1, "x": "y" * 5000}, headers=sent)
    assert large.status_code == 413


def test_what_a_worker_has_learned_is_no_longer_recent(redis, worker, send):
    publish_small(redis, users={7: ranking(0, 1, 2)})
    client = worker()
    first = send({"anime_id": 1, "rating": 9}).json["id"]
    send({"anime_id": 2, "rating": 9})
    within_a_second(lambda: ids(client.get(PATH)), [3])

    redis.set(keys.overlay(GENERATION, 7), overlay_codec.encode(5, _payload(1, 4)))
    ratings.absorb(redis, [7], tuple(map(int, first.split("-"))))

    within_a_second(lambda: client.get(PATH).json["source"], "refreshed")
    assert ids(client.get(PATH)) == [5]


def test_a_refreshed_list_is_seen_by_every_worker_within_a_second(redis, worker):
    publish_small(redis, users={7: ranking(0, 1, 2)})
    workers = [worker(), worker()]
    assert [ids(one.get(PATH)) for one in workers] == [[1, 2, 3]] * 2

    redis.set(keys.overlay(GENERATION, 7), overlay_codec.encode(1, _payload(4)))
    ratings.announce(redis, 7)

    for one in workers:
        within_a_second(lambda one=one: ids(one.get(PATH)), [5])


def _payload(*columns):
    return ranking_codec.encode(ranking(*columns))


def test_the_tag_of_an_answer_changes_with_a_rating_and_only_then(redis, worker, send):
    publish_small(redis, users={7: ranking(0, 1, 2)})
    client = worker()
    tag = client.get(PATH).headers["ETag"]

    again = client.get(PATH, headers={"If-None-Match": tag})
    elsewhere = worker(cache_mb=0).get(PATH, headers={"If-None-Match": f'"x", W/{tag}'})
    other = client.get(f"{PATH}?limit=1", headers={"If-None-Match": tag})
    assert [one.status_code for one in (again, elsewhere, other)] == [304, 304, 200]
    assert again.data == b""

    send({"anime_id": 1, "rating": 9})
    asked = {"If-None-Match": tag}
    within_a_second(lambda: client.get(PATH, headers=asked).status_code, 200)


def forget(worker, key, user=7):
    sent = {"Authorization": f"Bearer {key}"}
    return worker().delete(f"/v1/users/{user}", headers=sent)


def stored_for(redis, user):
    own = redis.keys(f"*:{user}")
    theirs = [one for one in entries(redis) if one.user_id == user]
    return sorted(own), theirs


def register(redis, *generations, state="live"):
    for one in generations:
        record = {"generation": one, "state": state}
        redis.hset(keys.REGISTER, one, documents.json.dumps(record))


def test_forgetting_erases_every_trace_of_a_user_in_every_generation(redis, worker, send, key):
    for one in (LATER, GENERATION):
        users, near = {7: ranking(1), 8: ranking(2)}, {7: {8: 0.5}, 8: {7: 0.5}}
        publish_small(redis, one, users=users, neighbours=near)
        redis.set(keys.history(one, 7), b"\x01\x00")
        redis.set(keys.overlay(one, 7), overlay_codec.encode(1, _payload(1)))
    register(redis, GENERATION, LATER)
    client = worker()
    client.get(PATH)
    for path in (RATINGS, "/v1/users/8/ratings"):
        send({"anime_id": 1, "rating": 9}, path, **{"Idempotency-Key": "x"})

    assert forget(worker, key).status_code == 204

    assert stored_for(redis, 7) == ([], [])
    assert len(stored_for(redis, 8)[1]) == 1
    within_a_second(lambda: client.get(PATH).json["source"], "popular")


def test_a_forgotten_user_is_nobodys_neighbour_from_now_on(redis, worker, key):
    publish_small(redis, users={8: ranking(1)}, neighbours={8: {7: 0.9, 6: 0.5}})
    client = worker()
    path = "/v1/users/8/similar?limit=1"
    assert client.get(path).json["items"][0]["user_id"] == 7

    forget(worker, key)

    assert [item["user_id"] for item in client.get(path).json["items"]] == [6]


def test_a_generation_begun_after_somebody_was_forgotten_may_name_them_again(redis, worker, key):
    later = "29990101T000000Z"
    publish_small(redis, later, users={8: ranking(1)}, neighbours={8: {7: 0.9}})

    forget(worker, key)

    assert worker().get("/v1/users/8/similar").json["items"][0]["user_id"] == 7


def test_who_rates_after_being_forgotten_is_somebody_new(redis, worker, send, key):
    publish_small(redis, users={7: ranking(4)}, influences=INFLUENCES)
    register(redis, GENERATION)
    send({"anime_id": 2, "rating": 9})
    forget(worker, key)

    send({"anime_id": 1, "rating": 10})

    client = worker()
    assert (client.get(PATH).json["source"], ids(client.get(PATH))) == ("live", [3, 4])
    assert [one.anime_id for one in entries(redis)] == [1]
    assert set(forgetting.forgotten(redis)) == {7}


def test_forgetting_twice_or_a_stranger_does_no_harm(redis, worker, key):
    publish_small(redis)

    assert [forget(worker, key, 7).status_code for _ in range(2)] == [204, 204]


def test_forgetting_finds_entries_however_long_the_stream_is(redis, worker, key, monkeypatch):
    publish_small(redis)
    monkeypatch.setattr(forgetting, "_CHUNK", 10)
    for n in range(45):
        redis.xadd(keys.STREAM, {"user": n % 5, "anime": 1, "rating": 5, "status": 0})

    forget(worker, key, 3)

    assert [one.user_id for one in entries(redis)].count(3) == 0
    assert redis.xlen(keys.STREAM) == 36


def test_without_a_key_nothing_can_be_written_or_forgotten(redis, worker):
    publish_small(redis)
    client = worker()

    unnamed = client.post(RATINGS, json={"anime_id": 1, "rating": 9})
    wrong = client.delete("/v1/users/7", headers={"Authorization": "Bearer ahr_x_y"})

    assert (unnamed.status_code, wrong.status_code) == (401, 403)
    assert unnamed.headers["WWW-Authenticate"].startswith("Bearer")
    assert entries(redis) == []
    assert forgetting.forgotten(redis) == {}


def test_two_keys_work_at_once_until_one_is_revoked(redis, worker):
    publish_small(redis)
    client = worker()
    made = [access.create(redis, label, datetime.now(UTC)) for label in ("old", "new")]

    def status(key):
        sent = {"Authorization": f"Bearer {key}"}
        body = {"anime_id": 1, "rating": 9}
        return client.post(RATINGS, json=body, headers=sent).status_code

    within_a_second(lambda: [status(key) for _, key in made], [202, 202])
    access.revoke(redis, made[0][0].key_id)
    within_a_second(lambda: [status(key) for _, key in made], [403, 202])


def test_the_store_holds_no_key_but_only_its_hash(redis, key):
    held = b" ".join(redis.hgetall(keys.ACCESS).values()).decode()

    assert key.rpartition("_")[2] not in held
    assert access.holder(key, access.everyone(redis)).label == "tests"
    assert access.holder(key[:-1] + "!", access.everyone(redis)) is None


def test_private_reads_need_a_key_and_probes_do_not(redis, worker, key):
    publish_small(redis, users={7: ranking(1)})
    client = worker(private_reads=1)
    sent = {"Authorization": f"Bearer {key}"}

    assert client.get(PATH).status_code == 401
    assert client.get(PATH, headers=sent).status_code == 200
    assert client.get("/v1/anime/1").status_code == 401
    for path in ("/healthz", "/readyz", "/metrics"):
        assert client.get(path).status_code == 200


def test_a_large_catalogue_can_be_rated_whole(redis, worker, send):
    publish_small(redis, anime=catalogue(*range(1, 51)), users={7: ranking(*range(50))})

    for n in range(1, 50):
        assert send({"anime_id": n, "rating": 5}).status_code == 202

    assert ids(worker().get(PATH)) == [50]


def test_a_filter_tops_up_the_list_of_somebody_whom_no_night_knew(redis, worker, send):
    some = tuple(anime(one, genres=("Action",) if one in (3, 4) else ()) for one in range(1, 6))
    publish_small(redis, anime=some, influences=INFLUENCES, popular=ranking(3, 4))
    send({"anime_id": 1, "rating": 10})
    overlay = overlay_codec.encode(5, ranking_codec.encode(ranking(4)))
    redis.set(keys.overlay(GENERATION, 7), overlay)

    answer = worker().get(f"{PATH}?genres=Action&franchise=all")

    assert (answer.json["source"], ids(answer)) == ("refreshed", [3, 4])
    assert [item["source"] for item in answer.json["items"]] == ["live", "live"]
