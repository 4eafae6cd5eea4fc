"""What stands around the routes: envelope, origins, tags, limits, logs, variants."""

import io
import json
import logging

import fakeredis
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from api import logs, variants
from api.app import Parts, create_app
from api.bodies import MAX_BODY
from api.envelope import Done
from api.exposure import Exposure
from api.guard import Guard
from api.limits import ADDRESS, RateLimits, TooManyRequestsError
from schemas import keys
from schemas.pointer import Pointer, Variant
from schemas.records import Generation
from tests.builders import GENERATION, LATER, ranking
from tests.fakes import BrokenRankings, InMemoryRankings, SmallGeneration

PATH = "/v1/users/7/recommendations"
SITE = "https://site.example"


def client(*generations, **parts):
    rankings = InMemoryRankings(*(generations or (SmallGeneration(users={7: ranking(1)}),)))
    return create_app(rankings, Parts(**parts)).test_client()


@pytest.mark.parametrize("path", [PATH, "/v1/anime/1", "/nowhere", "/", "/v1/users/x/similar"])
def test_every_answer_has_safe_headers_and_an_id(path):
    headers = client().get(path).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert len(headers["X-Request-ID"]) == 16


def test_a_page_may_load_what_is_ours_and_data_nothing():
    assert "default-src 'self'" in client().get("/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in client().get(PATH).headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("sent", "honoured"),
    [("req-1.2_A", True), ("a" * 64, True), ("a" * 65, False), ("a b", False), ('"x', False)],
)
def test_a_sane_request_id_is_honoured(sent, honoured):
    answer = client().get(PATH, headers={"X-Request-ID": sent})

    assert (answer.headers["X-Request-ID"] == sent) is honoured


def test_observers_hear_of_every_answer():
    heard = []
    asked = client(observers=(heard.append,))

    asked.get(PATH)
    asked.get("/v1/users/8/recommendations")
    asked.get("/nowhere")
    asked.post("/v1/recommendations", json={})

    assert [(one.route, one.status, one.source) for one in heard] == [
        ("/v1/users/<digits:user_id>/recommendations", 200, "precomputed"),
        ("/v1/users/<digits:user_id>/recommendations", 200, "popular"),
        ("other", 404, ""),
        ("/v1/recommendations", 200, "popular"),
    ]
    assert all(one.seconds > 0 for one in heard)


def test_the_short_way_in_and_flask_give_the_same_answer():
    short, long = client(), client(private_reads=True)

    for query in ("", "?limit=1&reasons=0", "?franchise=all"):
        first, second = short.get(PATH + query), long.get(PATH + query)
        assert first.data == second.data
        assert first.headers["ETag"] == second.headers["ETag"]
    for path in (f"{PATH}?limit=0", "/v1/users/99999999999999999999/recommendations"):
        assert short.get(path).json == long.get(path).json


LIVE = "/v1/recommendations"
SAID = {"ratings": [{"anime_id": 1, "rating": 9}, {"anime_id": 999}], "limit": 3}


def live(content_type, body=SAID, query=""):
    """What is posted as plain JSON is answered without Flask, with a charset it is not."""
    made = SmallGeneration(influences={1: {1: 0.5, 2: 0.25}}, popular=ranking(3))
    heard = []
    data = body if isinstance(body, bytes) else json.dumps(body)
    answer = client(made, observers=(heard.append,)).post(
        LIVE + query, data=data, content_type=content_type
    )
    del answer.headers["X-Request-ID"]
    (one,) = heard
    return answer.status_code, answer.data, {*answer.headers}, (one.route, one.source)


@pytest.mark.parametrize(
    "body", [SAID, {}, {"limit": 0}, {"ratings": 3}, b"{", b"", {"genres": ["Nonesuch"]}]
)
def test_live_answers_and_refusals_are_the_same_with_and_without_flask(body):
    assert live("application/json", body) == live("application/json; charset=utf-8", body)


def test_a_live_answer_says_where_it_came_from():
    status, body, headers, noted = live("application/json")

    assert (status, noted) == (200, ("/v1/recommendations", "live"))
    assert json.loads(body)["ignored"] == [999]
    assert ("Cache-Control", "no-store") in headers


def test_what_live_answers_do_not_take_is_refused():
    assert live("application/json", query="?limit=3")[0] == 400
    assert live("text/plain")[0] == 415
    assert live("application/json", b"x" * (MAX_BODY + 1))[0] == 413


@pytest.mark.parametrize("private", [True, False])
def test_a_mistake_of_ours_is_made_once_and_answered_by_flask(private):
    rankings = BrokenRankings(ZeroDivisionError("secret"))
    asked = create_app(rankings, Parts(private_reads=private)).test_client()

    assert asked.get(PATH).status_code == 500


def test_a_listed_site_may_ask_and_another_may_not():
    asked = client(cors_origins=(SITE,))

    listed = asked.get(PATH, headers={"Origin": SITE}).headers
    other = asked.get(PATH, headers={"Origin": "https://evil.example"}).headers

    assert listed["Access-Control-Allow-Origin"] == SITE
    assert "Access-Control-Allow-Origin" not in other
    assert listed["Vary"] == other["Vary"] == "Origin"


def test_a_listed_site_may_ask_whether_it_may_write():
    asked = {"Origin": SITE, "Access-Control-Request-Method": "POST"}

    allowed = client(cors_origins=(SITE,)).options("/v1/users/7/ratings", headers=asked)
    refused = client(cors_origins=("https://x.example",)).options(PATH, headers=asked)

    assert allowed.status_code == 204
    assert "Authorization" in allowed.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Methods" not in refused.headers


def test_titles_have_tags_that_belong_to_a_generation():
    asked = client()
    tag = asked.get("/v1/anime/1").headers["ETag"]

    again = asked.get("/v1/anime/1", headers={"If-None-Match": tag})
    other_title = asked.get("/v1/anime/2", headers={"If-None-Match": tag})
    later = client(SmallGeneration(generation=LATER)).get(
        "/v1/anime/1", headers={"If-None-Match": tag}
    )

    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == tag
    assert (other_title.status_code, later.status_code) == (200, 200)


def test_a_look_at_the_head_alone_shows_the_same_tag():
    asked = client()

    assert asked.head("/v1/anime/1").headers["ETag"] == asked.get("/v1/anime/1").headers["ETag"]


def test_shared_answers_may_be_kept_and_personal_ones_must_be_asked_for_again():
    asked = client()

    assert asked.get("/v1/anime/1").headers["Cache-Control"] == "public, max-age=60"
    assert asked.get(PATH).headers["Cache-Control"] == "private, no-cache"
    assert asked.get("/v1/anime/999").headers["Cache-Control"] == "no-store"
    assert asked.post("/v1/recommendations", json={}).headers["Cache-Control"] == "no-store"


def test_a_refused_request_has_no_tag():
    answer = client().get(f"{PATH}?limit=0", headers={"If-None-Match": "*"})

    assert answer.status_code == 400
    assert "ETag" not in answer.headers


class NoKeys:
    def require(self, authorization):
        raise AssertionError("nobody should ask")


class Away(fakeredis.FakeRedis):
    def execute_command(self, *args, **options):
        raise RedisConnectionError("away")


@pytest.mark.parametrize("kind", [fakeredis.FakeRedis, Away])
def test_an_address_may_ask_so_often_and_no_more_also_without_a_store(kind):
    limits = RateLimits(kind(), "2/minute")
    limits.count(ADDRESS, "a")
    limits.count(ADDRESS, "a")
    limits.count(ADDRESS, "b")

    with pytest.raises(TooManyRequestsError, match="at most 2 per 1 minute") as refusal:
        limits.count(ADDRESS, "a")

    assert 1 <= refusal.value.seconds <= 60


def test_live_answers_are_limited_and_lookups_are_not():
    guard = Guard(NoKeys(), RateLimits(fakeredis.FakeRedis(), "1/hour"), private_reads=False)
    asked = client(guard=guard)

    live = [asked.post("/v1/recommendations", json={}) for _ in range(2)]
    lookups = [asked.get(PATH).status_code for _ in range(3)]

    assert [one.status_code for one in live] == [200, 429]
    assert int(live[1].headers["Retry-After"]) > 0
    assert live[1].content_type == "application/problem+json"
    assert lookups == [200, 200, 200]


@pytest.mark.parametrize(("proxies", "second"), [(0, 429), (1, 200)])
def test_a_trusted_proxy_says_whom_it_speaks_for(proxies, second):
    guard = Guard(NoKeys(), RateLimits(fakeredis.FakeRedis(), "1/hour"), private_reads=False)
    asked = client(guard=guard, trusted_proxies=proxies)

    def status(address):
        sent = {"X-Forwarded-For": f"10.9.9.9, {address}"}
        return asked.post("/v1/recommendations", json={}, headers=sent).status_code

    assert status("10.0.0.1") == 200
    assert status("10.0.0.2") == second


def done(**parts):
    facts = {"method": "GET", "route": "/r", "status": 200, "source": "", "seconds": 0.001}
    return Done(**(facts | {"request_id": "id", "path": "/p"} | parts))


@pytest.fixture
def written(monkeypatch):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonLines())
    monkeypatch.setattr(logs.access, "handlers", [handler])
    monkeypatch.setattr(logs.access, "propagate", False)
    before = logs.access.level
    logs.access.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logs.access.setLevel(before)


def test_reads_are_logged_now_and_then_and_writes_and_failures_always(written):
    draws = iter([0.3, 0.7, 0.8, 0.9])
    observe = logs.access_log(0.5, lambda: next(draws))

    for one in (
        done(path="/1"), done(path="/2"), done(method="POST", path="/3"),
        done(method="POST", route="/v1/recommendations", path="/live"),
        done(status=404, path="/lost"), done(status=503, path="/4"),
        done(route="/healthz", path="/5"),
        done(route="/readyz", status=503, path="/6"),
    ):  # fmt: skip
        observe(one)

    assert [line["path"] for line in written()] == ["/1", "/3", "/4", "/6"]


def test_a_log_line_is_an_object_with_the_id_of_its_request(written):
    logs.access_log(1)(done(seconds=0.0123, request_id="abc"))

    (line,) = written()
    assert (line["level"], line["request_id"], line["milliseconds"]) == ("info", "abc", 12.3)


def test_an_error_in_a_log_stays_on_one_line():
    try:
        raise ZeroDivisionError("oh\nno")
    except ZeroDivisionError as error:
        record = logging.LogRecord("x", 40, "", 1, "failed", (), (type(error), error, None))

    line = logs.JsonLines().format(record)

    assert "\n" not in line
    assert "ZeroDivisionError" in json.loads(line)["error"]


def split(share):
    return Pointer((Variant(GENERATION, 1 - share), Variant(LATER, share)))


def test_one_live_generation_has_no_variants():
    assert variants.of_user(Pointer((Variant(GENERATION, 1.0),)), 7) == (GENERATION, "")


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_users_are_split_by_the_shares(share):
    names = [variants.of_user(split(share), user)[1] for user in range(10_000)]

    assert names.count("b") / len(names) == pytest.approx(share, abs=0.015)


def test_who_sees_the_second_variant_sees_it_too_when_its_share_grows():
    before = {user for user in range(2_000) if variants.of_user(split(0.1), user)[1] == "b"}
    after = {user for user in range(2_000) if variants.of_user(split(0.4), user)[1] == "b"}

    assert before < after


def test_another_test_draws_anew():
    other = Pointer((Variant(GENERATION, 0.5), Variant(Generation("20270101T000000Z"), 0.5)))

    same = [
        variants.of_user(split(0.5), user)[1] == variants.of_user(other, user)[1]
        for user in range(2_000)
    ]

    assert 0.4 < sum(same) / len(same) < 0.6


class Split(InMemoryRankings):
    def pointer(self):
        return split(0.5)


def test_an_answer_names_its_variant_and_is_counted():
    exposed = []
    users = {user: ranking(1) for user in range(20)}
    rankings = Split(SmallGeneration(users=users), SmallGeneration(generation=LATER, users=users))
    asked = create_app(rankings, Parts(exposed=lambda *one: exposed.append(one))).test_client()

    answers = [asked.get(f"/v1/users/{user}/recommendations").json for user in range(20)]

    told = [(one["variant"], one["generation"]) for one in answers]
    assert set(told) == {("a", GENERATION), ("b", LATER)}
    assert told == exposed


def test_exposure_is_added_to_the_store_once_a_second():
    store, now = fakeredis.FakeRedis(), [0.0]
    exposure = Exposure(store, lambda: now[0])
    for _ in range(3):
        exposure.count("a", "g")
    assert not store.exists(keys.EXPOSURE)

    now[0] = 1.0
    exposure.count("b", "h")
    exposure.count("a", "g")
    exposure.flush()

    assert store.hgetall(keys.EXPOSURE) == {b"a g": b"4", b"b h": b"1"}


def test_exposure_is_not_lost_while_the_store_is_away():
    exposure = Exposure(Away(), lambda: 0.0)
    exposure.count("a", "g")
    exposure.flush()
    exposure._client = fakeredis.FakeRedis()

    exposure.flush()

    assert exposure._client.hgetall(keys.EXPOSURE) == {b"a g": b"1"}
