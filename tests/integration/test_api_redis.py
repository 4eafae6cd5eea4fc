"""The API over a real Redis, and as the process that an operator starts."""

import json
import os
import signal
import socket
import time
from contextlib import ExitStack

import pytest
from redis import Redis

from api import process
from api.settings import Settings
from tests.api_server import SECONDS, ask, eventually, serving, start_api
from tests.builders import GENERATION, LATER, publish_small, ranking, set_live
from tests.redis_server import free_port

PATH = "/v1/users/7/recommendations"
STALLED = (
    b"POST /v1/recommendations HTTP/1.1\r\nHost: localhost\r\n"
    b'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"rati'
)


@pytest.fixture
def redis(redis_url):
    with Redis.from_url(redis_url) as client:
        yield client


def test_a_lookup_reads_what_was_published(redis, redis_url):
    publish_small(redis, users={7: ranking(2, 0)}, similar={1: ranking(4)})
    client = process.build(Settings(redis_url)).test_client()

    items = client.get(PATH).json["items"]

    assert [item["anime_id"] for item in items] == [3, 1]
    assert client.get("/v1/anime/1/similar").json["items"][0]["anime_id"] == 5


def test_a_live_answer_reads_influence_rows(redis, redis_url):
    publish_small(redis, influences={1: {2: 0.5}, 2: {3: 0.25}}, popular=ranking(4))
    client = process.build(Settings(redis_url)).test_client()

    body = {"ratings": [{"anime_id": 1}, {"anime_id": 2}, {"anime_id": 5}]}
    items = client.post("/v1/recommendations", json=body).json["items"]

    assert [item["anime_id"] for item in items] == [3, 4]


def test_similar_users_are_read_from_what_was_published(redis, redis_url):
    publish_small(redis, neighbours={7: {2**40: 0.6, 3: 0.2}})
    client = process.build(Settings(redis_url)).test_client()

    items = client.get("/v1/users/7/similar").json["items"]

    assert [(item["user_id"], item["similarity"]) for item in items] == [(2**40, 0.6), (3, 0.2)]


def test_a_flip_is_seen_within_about_a_second(redis, redis_url):
    publish_small(redis, LATER, users={7: ranking(1)}, live=False)
    publish_small(redis, GENERATION, users={7: ranking(2)})
    client = process.build(Settings(redis_url)).test_client()
    assert client.get(PATH).json["generation"] == GENERATION

    set_live(redis, LATER, previous=GENERATION)

    assert eventually(lambda: client.get(PATH).json["generation"], LATER) < 1.5
    assert client.get(PATH).json["items"][0]["anime_id"] == 2


def test_an_address_cannot_turn_bytes_into_text(redis, redis_url):
    publish_small(redis, users={7: ranking(2)})
    settings = Settings(f"{redis_url}?decode_responses=true")

    assert process.build(settings).test_client().get(PATH).status_code == 200


def test_without_its_store_a_worker_answers_what_it_remembers_and_says_so(start_redis, tmp_path):
    server = start_redis(tmp_path)
    client = process.build(Settings(server.url)).test_client()
    with Redis.from_url(server.url) as redis:
        publish_small(redis, users={7: ranking(2)})
    assert client.get(PATH).status_code == 200

    assert client.get(PATH).json["stale"] is False

    server.stop()
    eventually(lambda: client.get(PATH).json["stale"], True)
    assert client.get(PATH).headers["Cache-Control"] == "no-store"
    unknown = client.get("/v1/users/8/recommendations")
    assert (unknown.status_code, unknown.headers["Retry-After"]) == (503, "2")
    assert client.get("/healthz").status_code == 200

    server = start_redis(tmp_path)
    try:
        with Redis.from_url(server.url) as redis:
            publish_small(redis, users={7: ranking(2)})
        eventually(lambda: client.get("/v1/users/8/recommendations").status_code, 200)
        eventually(lambda: client.get(PATH).json["stale"], False)
    finally:
        server.stop()


def test_a_restarted_store_is_read_again_without_an_error(start_redis, tmp_path):
    server = start_redis(tmp_path)
    client = process.build(Settings(server.url)).test_client()
    with Redis.from_url(server.url) as redis:
        publish_small(redis, users={7: ranking(2)})
        assert client.get(PATH).status_code == 200

        server.stop()
        server = start_redis(tmp_path)
        try:
            publish_small(redis, users={7: ranking(2)})
            assert client.get(PATH).status_code == 200
        finally:
            server.stop()


def test_a_store_that_hangs_is_given_up_quickly(start_redis, tmp_path):
    server = start_redis(tmp_path)
    client = process.build(Settings(server.url, store_timeout=0.05)).test_client()
    server.process.send_signal(signal.SIGSTOP)
    started = time.monotonic()

    try:
        assert client.get(PATH).status_code == 503
        assert time.monotonic() - started < 5
    finally:
        server.process.send_signal(signal.SIGCONT)
        server.stop()


@pytest.mark.parametrize(
    ("stop", "host"), [(signal.SIGTERM, "127.0.0.1"), (signal.SIGINT, "localhost")]
)
def test_the_server_answers_until_it_is_told_to_stop(redis, redis_url, stop, host):
    publish_small(redis, users={7: ranking(2)})
    port = free_port()

    with serving(redis_url, port, ANIREC_HOST=host, ANIREC_LOG_SAMPLE="0") as process:
        status, body, _ = ask(port, "GET", PATH)
        # A terminal sends Ctrl-C to the workers as well, an orchestrator asks the parent only.
        os.killpg(process.pid, stop) if stop == signal.SIGINT else process.send_signal(stop)
        printed, errors = process.finished(timeout=SECONDS)

    assert (status, json.loads(body)["items"][0]["anime_id"]) == (200, 3)
    assert process.returncode == 0
    assert printed == f"Serving on http://{host}:{port}\n"
    assert errors == ""


def test_head_bodies_and_refusals_pass_through_the_server(redis, redis_url):
    publish_small(redis, users={7: ranking(2)}, popular=ranking(1))
    port = free_port()
    json_type = {"Content-Type": "application/json"}

    with serving(redis_url, port, ANIREC_WORKERS="2"):
        length = str(len(ask(port, "GET", PATH)[1]))
        status, body, headers = ask(port, "HEAD", PATH)
        assert (status, body, headers["Content-Length"]) == (200, b"", length)

        too_long = b" " * (1024 * 1024 + 1)
        assert ask(port, "POST", "/v1/recommendations", too_long, json_type)[0] == 413
        in_chunks = iter([b" " * (1024 * 1024), b" "])
        assert ask(port, "POST", "/v1/recommendations", in_chunks, json_type)[0] == 413
        status, body, _ = ask(port, "POST", "/v1/recommendations", iter([b"{", b"}"]), json_type)
        assert (status, json.loads(body)["source"]) == (200, "popular")

        _, body, headers = ask(port, "GET", f"{PATH}?limit=many")
        assert headers["Content-Type"] == "application/problem+json"
        assert b"limit must be an integer from 1 to 100, got 'many'" in body


@pytest.mark.parametrize("clients", [8, 32])
def test_clients_that_stall_in_their_body_leave_room_for_others(redis, redis_url, clients):
    publish_small(redis, users={7: ranking(2)})
    port = free_port()

    with serving(redis_url, port), ExitStack() as stalled:
        for _ in range(clients):
            client = stalled.enter_context(socket.create_connection(("127.0.0.1", port)))
            client.sendall(STALLED)
        time.sleep(0.5)  # all of them are being waited for

        assert ask(port, "GET", "/healthz")[0] == 200
        assert ask(port, "GET", PATH)[0] == 200


def test_it_stops_when_the_end_of_its_parents_pipe_is_closed(redis_url):
    port = free_port()
    reading, writing = os.pipe()

    with serving(redis_url, port, pass_fds=(reading,), ANIREC_PARENT_PIPE=str(reading)) as process:
        os.close(reading)
        os.close(writing)

        assert process.wait(SECONDS) == 0


def test_a_port_in_use_is_said_and_exits_1():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start_api(ANIREC_STORE="redis://localhost", ANIREC_PORT=str(port))
        _, errors = process.finished(timeout=SECONDS)

    assert process.returncode == 1
    assert errors == f"cannot listen on 127.0.0.1:{port}: Address already in use\n"


def test_a_host_that_is_not_known_is_said_and_exits_1():
    process = start_api(ANIREC_STORE="redis://localhost", ANIREC_HOST="no.such.host.invalid")
    _, errors = process.finished(timeout=SECONDS)

    assert process.returncode == 1
    assert errors.startswith("cannot listen on no.such.host.invalid:8080: ")
    assert errors.count("\n") == 1


def test_settings_that_cannot_be_used_exit_2():
    process = start_api(ANIREC_PORT="http")
    _, errors = process.finished(timeout=SECONDS)

    assert process.returncode == 2
    assert [line.split()[0] for line in errors.splitlines()] == ["ANIREC_STORE", "ANIREC_PORT"]
