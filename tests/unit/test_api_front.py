"""The short way in, and Flask behind it: the same answers, whichever gives them."""

import asyncio
import json

import pytest
from flask import Flask, request
from redis.exceptions import TimeoutError as RedisTimeoutError

from api import front, receiving, waiting
from api.app import Parts, create_app, create_front
from api.behind import Behind
from api.bodies import MAX_BODY
from api.repository import NotAtHandError
from tests.builders import SmallGeneration, ranking
from tests.fakes import BrokenRankings, InMemoryRankings

LIST = "/v1/users/7/recommendations"
LIVE = "/v1/recommendations"
BODY = b'{"ratings":[{"anime_id":1,"rating":9}]}'
JSON = {"content-type": "application/json"}


def rankings():
    return InMemoryRankings(SmallGeneration(users={7: ranking(2, 3)}))


def scope_of(method, path, query="", headers=None):
    pairs = [(k.encode(), v.encode()) for k, v in (headers or {}).items()]
    return {
        "type": "http", "method": method, "path": path, "query_string": query.encode(),
        "headers": pairs, "http_version": "1.1", "scheme": "http", "server": ("here", 80),
        "client": ("10.0.0.9", 4000),
    }  # fmt: skip


def asked(app, method, path, query="", headers=None, messages=(b"",)):
    """Status, headers and body; `messages` are parts of the request's body."""
    parts = [{"type": "http.request", "body": m, "more_body": True} for m in messages]
    parts[-1]["more_body"] = False
    sent = []

    async def receive():
        if not parts:
            await asyncio.sleep(60)
        return parts.pop(0)

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope_of(method, path, query, headers), receive, send))
    said = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
    return sent[0]["status"], said, sent[1]["body"]


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "body"),
    [
        ("GET", LIST, "", {}, b""),
        ("GET", LIST, "limit=1&reasons=0", {}, b""),
        ("GET", LIST, "limit=0", {}, b""),
        ("GET", LIST, "nonsense=1", {}, b""),
        ("GET", LIST.replace("7", "007"), "", {}, b""),
        ("GET", LIST.replace("7", "9" * 30), "", {}, b""),
        ("GET", LIST.replace("7", "x"), "", {}, b""),
        ("GET", LIST, "", {"if-none-match": "*"}, b""),
        ("GET", "/v1/anime/1", "", {}, b""),
        ("GET", "/nowhere", "", {}, b""),
        ("HEAD", LIST, "", {}, b""),
        ("DELETE", LIST, "", {}, b""),
        ("POST", LIVE, "", JSON, BODY),
        ("POST", LIVE, "limit=3", JSON, BODY),
        ("POST", LIVE, "", JSON, b"{"),
        ("POST", LIVE, "", {}, BODY),
        ("POST", LIVE, "", {"content-type": "application/json; charset=utf-8"}, BODY),
    ],
)
def test_the_short_way_answers_as_flask_does(method, path, query, headers, body):
    expected = create_app(rankings()).test_client().open(
        path, method=method, query_string=query, headers=headers, data=body or None
    )  # fmt: skip
    headers = headers | ({"content-length": str(len(body))} if body else {})

    status, said, found = asked(create_front(rankings()), method, path, query, headers, [body])

    assert status == expected.status_code
    assert found == expected.data
    theirs = {k.lower(): v for k, v in expected.headers.items()} | {"x-request-id": ""}
    assert said | {"x-request-id": ""} == theirs


def test_the_short_way_is_taken_for_lists_and_for_live_answers(monkeypatch):
    monkeypatch.setattr(Behind, "answer", None)

    assert asked(create_front(rankings()), "GET", LIST)[0] == 200
    assert asked(create_front(rankings()), "POST", LIVE, headers=JSON, messages=[BODY])[0] == 200


@pytest.mark.parametrize(
    "parts", [Parts(private_reads=True), Parts(env={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"})]
)
def test_where_keys_or_traces_are_asked_for_everything_goes_through_flask(parts, monkeypatch):
    behind = []

    async def answer(self, *_):
        behind.append(True)
        return 200, [], b""

    monkeypatch.setattr(Behind, "answer", answer)
    asked(create_front(rankings(), parts), "GET", LIST)

    assert behind


def test_an_error_is_explained_by_flask():
    status, said, body = asked(create_front(BrokenRankings(ValueError("no"))), "GET", LIST)

    assert status == 500
    assert said["content-type"] == "application/problem+json"
    assert b"no" not in body


def test_pages_of_listed_sites_may_read_a_short_answer():
    app = create_front(rankings(), Parts(cors_origins=("https://a.example",)))

    _, listed, _ = asked(app, "GET", LIST, headers={"origin": "https://a.example"})
    _, other, _ = asked(app, "GET", LIST, headers={"origin": "https://b.example"})

    assert listed["access-control-allow-origin"] == "https://a.example"
    assert "access-control-allow-origin" not in other
    assert other["vary"] == "Origin"


def test_observers_hear_of_short_answers():
    told = []
    app = create_front(rankings(), Parts(observers=(told.append,)))

    asked(app, "GET", LIST, headers={"x-request-id": "mine"})

    (done,) = told
    assert (done.method, done.status, done.source) == ("GET", 200, "precomputed")
    assert done.route == "/v1/users/<digits:user_id>/recommendations"
    assert (done.request_id, done.path) == ("mine", LIST)


def test_a_body_that_stalls_is_given_up_and_holds_no_thread(monkeypatch):
    monkeypatch.setattr(receiving, "SECONDS", 0.05)
    app = create_front(rankings())

    async def main():
        sent = []

        async def stalled():
            await asyncio.sleep(60)

        async def send(message):
            sent.append(message)

        await app(scope_of("POST", LIVE, headers=JSON | {"content-length": "9"}), stalled, send)
        return sent

    assert asyncio.run(main())[0]["status"] == 408
    assert len(app._behind._threads._threads) == 1


def test_a_body_that_breaks_off_is_the_callers_fault():
    app, sent = create_front(rankings()), []

    async def main():
        async def leaves():
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)

        await app(scope_of("POST", LIVE, headers=JSON), leaves, send)

    asyncio.run(main())
    assert sent[0]["status"] == 400
    assert b"broke off" in sent[1]["body"]


def test_bodies_on_their_way_have_a_limit_together_and_are_let_go(monkeypatch):
    app = create_front(rankings())
    app._held.most = 2 * len(BODY)

    async def main():
        arrived, go_on = asyncio.Event(), asyncio.Event()

        parts = [BODY, b" " * len(BODY), b""]

        async def waits():
            if len(parts) == 1:
                arrived.set()
                await go_on.wait()
            return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

        async def whole():
            return {"type": "http.request", "body": BODY}

        async def ask(receive):
            sent = []

            async def send(message):
                sent.append(message)

            await app(scope_of("POST", LIVE, headers=JSON), receive, send)
            return sent[0]["status"], dict(sent[0]["headers"])

        first = asyncio.create_task(ask(waits))
        await arrived.wait()
        refused, headers = await ask(whole)
        go_on.set()
        return (await first)[0], refused, headers, (await ask(whole))[0]

    first, refused, headers, later = asyncio.run(main())
    assert (first, refused, later) == (200, 503, 200)
    assert headers[b"retry-after"] == b"1"
    assert app._held.bytes == 0


class Slow(InMemoryRankings):
    """Not loaded, or away, for whoever asks on the loop."""

    def __init__(self, error, *generations):
        super().__init__(*generations)
        self.error = error

    def load(self, generation):
        if waiting.on_loop():
            raise self.error
        return super().load(generation)


@pytest.mark.parametrize("error", [NotAtHandError("not loaded"), RedisTimeoutError("away")])
def test_what_the_loop_cannot_wait_for_or_lost_with_others_a_thread_asks_for_alone(error):
    app = create_front(Slow(error, SmallGeneration(users={7: ranking(2, 3)})))

    assert asked(app, "GET", LIST)[0] == 200


def test_headers_sent_twice_are_one_list_on_both_ways():
    ids = [(b"x-request-id", b"mine"), (b"x-request-id", b"mine2")]
    assert front._joined(ids) == {b"x-request-id": b"mine,mine2"}


@pytest.mark.parametrize("says_length", [True, False])
def test_a_body_that_is_too_long_is_refused_and_not_read_to_its_end(says_length):
    parts = [b" " * (MAX_BODY // 2)] * 5
    headers = JSON | ({"content-length": str(MAX_BODY * 5 // 2)} if says_length else {})

    status, _, _ = asked(create_front(rankings()), "POST", LIVE, "", headers, parts)

    assert status == 413


def test_a_body_may_come_in_parts_without_a_length():
    headers = JSON | {"transfer-encoding": "chunked"}
    app = create_front(rankings())

    status, _, body = asked(app, "POST", LIVE, "", headers, [BODY[:5], BODY[5:]])

    assert (status, json.loads(body)["source"]) == (200, "popular")


def test_flask_sees_a_request_as_it_was_sent():
    app = Flask("seen")

    @app.post("/<path:rest>")
    def seen(rest):
        return {
            "rest": rest, "query": request.query_string.decode(),
            "body": request.get_data(as_text=True),
            "two": request.headers["X-Two"], "from": request.remote_addr, "url": request.url,
        }  # fmt: skip

    scope = scope_of("POST", "/é/ü", "a=%20", {"content-length": "2"})
    scope["headers"] += [(b"x-two", b"1"), (b"x-two", b"2"), (b"x_two", b"3")]

    status, _, body = asyncio.run(Behind(app.wsgi_app).answer(scope, b"hi", 0.0))

    assert status == 200
    found = json.loads(body)
    assert (found["rest"], found["query"], found["body"]) == ("é/ü", "a=%20", "hi")
    assert (found["two"], found["from"]) == ("1,2", "10.0.0.9")
