"""What operators rely on: metrics, logs, readiness, shutdown, traces, variants, keys."""

import json
import re
import signal
import threading
import time
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from click.testing import CliRunner
from redis import Redis

from api.auth import Keys, WrongKeyError
from jobs.cli import anirec
from schemas import keys
from schemas.runs import Outcome, Run
from schemas.store import runs
from tests.api_server import ask, eventually, serving
from tests.builders import GENERATION, LATER, publish_small, ranking
from tests.redis_server import free_port, start

PATH = "/v1/users/7/recommendations"
WORKERS = {"ANIREC_WORKERS": "2"}


@pytest.fixture
def redis(redis_url):
    with Redis.from_url(redis_url) as client:
        yield client


def metric(port, name):
    text = ask(port, "GET", "/metrics")[1].decode()
    found = re.findall(rf"^{re.escape(name)} ([0-9.e+]+)$", text, re.MULTILINE)
    return float(found[0]) if found else None


def test_metrics_add_up_over_workers_whichever_is_asked(redis, redis_url):
    publish_small(redis, users={7: ranking(2)})
    port = free_port()
    with serving(redis_url, port, **WORKERS):
        for _ in range(60):
            assert ask(port, "GET", PATH)[0] == 200
        for _ in range(20):
            ask(port, "GET", "/v1/users/8/recommendations")

        asked = (
            'anirec_request_seconds_count{method="GET",'
            'route="/v1/users/<digits:user_id>/recommendations",status="200"}'
        )
        for _ in range(8):  # asked of either worker
            assert metric(port, asked) == 80
            assert metric(port, 'anirec_answers_total{source="popular"}') == 20
        hits = metric(port, 'anirec_store_events_total{event="hit"}')
        misses = metric(port, 'anirec_store_events_total{event="miss"}')
        assert hits >= 70
        assert hits + misses >= 80  # warming up counts too
        age = metric(port, f'anirec_generation_age_seconds{{generation="{GENERATION}"}}')
        assert age is not None


def test_metrics_tell_how_runs_went_and_what_waits(redis, redis_url):
    publish_small(redis, users={7: ranking(2)})
    began, ended = "2026-11-24T02:00:00+00:00", "2026-11-24T02:20:00+00:00"
    done = Run("1", "refresh", "nightly", "me", began, Outcome.DONE, ended)
    runs.write(redis, done)
    runs.write(redis, replace(done, id="2", outcome=Outcome.FAILED, ended="2026-11-25T02:00:00Z"))
    runs.write(redis, replace(done, id="3", command="backfill"))
    redis.xadd(keys.STREAM, {"user": 7}, id="1000-0")
    redis.xadd(keys.STREAM, {"user": 7}, id="2000-0")
    port = free_port()
    with serving(redis_url, port):
        now = time.time()
        figures = {
            name: metric(port, name)
            for name in (
                'anirec_run_failed{command="refresh",outcome="failed"}',
                'anirec_run_failed{command="backfill",outcome="done"}',
                "anirec_ratings_waiting",
                "anirec_ratings_oldest_seconds",
            )
        }
        since = metric(port, 'anirec_success_age_seconds{command="refresh"}')
        last = metric(port, 'anirec_run_age_seconds{command="refresh"}')

    assert list(figures.values())[:3] == [1, 0, 2]
    assert figures["anirec_ratings_oldest_seconds"] == pytest.approx(now - 1, abs=60)
    assert max(since, 0) - max(last, 0) == pytest.approx(
        _age(ended) - _age("2026-11-25T02:00:00Z"), abs=60
    )


def _age(at):
    return max(0.0, time.time() - datetime.fromisoformat(at).timestamp())


def test_without_runs_and_ratings_there_is_nothing_to_tell(redis, redis_url):
    port = free_port()
    with serving(redis_url, port):
        assert metric(port, "anirec_ratings_waiting") == 0
        assert metric(port, "anirec_ratings_oldest_seconds") == 0
        assert "anirec_success_age_seconds{" not in ask(port, "GET", "/metrics")[1].decode()


def test_faults_of_the_store_are_counted(tmp_path):
    server, port = start(tmp_path), free_port()
    with Redis.from_url(server.url) as client:
        publish_small(client, users={7: ranking(2)})
    with serving(server.url, port):
        assert ask(port, "GET", PATH)[0] == 200
        server.stop()
        eventually(lambda: json.loads(ask(port, "GET", PATH)[1])["stale"], True)

        assert metric(port, 'anirec_store_events_total{event="fault"}') > 0
        assert metric(port, "anirec_stale") == 1
        assert metric(port, "anirec_ratings_waiting") is None


def test_ready_comes_with_the_first_generation_and_healthy_before(redis, redis_url):
    port = free_port()
    with serving(redis_url, port):
        assert ask(port, "GET", "/healthz")[0] == 200
        status, _, headers = ask(port, "GET", "/readyz")
        assert (status, headers["Retry-After"]) == (503, "2")

        publish_small(redis, users={7: ranking(2)})

        eventually(lambda: ask(port, "GET", "/readyz")[0], 200)


def test_healthy_without_any_store(tmp_path):
    port = free_port()
    with serving(f"unix://{tmp_path}/nothing", port):
        assert ask(port, "GET", "/healthz")[0] == 200
        assert ask(port, "GET", "/readyz")[0] == 503
        assert ask(port, "GET", PATH)[0] == 503


def test_what_may_have_changed_something_is_logged_with_the_id_of_the_request(redis, redis_url):
    publish_small(redis)
    port = free_port()
    with serving(redis_url, port, ANIREC_LOG_SAMPLE="0") as process:
        ask(port, "GET", PATH)
        ask(port, "DELETE", "/v1/users/7", headers={"X-Request-ID": "mine"})
        process.send_signal(signal.SIGTERM)
        _, errors = process.finished(timeout=10)

    (line,) = [json.loads(line) for line in errors.splitlines()]
    assert (line["request_id"], line["status"], line["path"]) == ("mine", 401, "/v1/users/7")


class Caller(threading.Thread):
    """Asks again and again until it is told to go elsewhere, as a load balancer would; keeps what
    was cut off.
    """

    def __init__(self, port, told, *, keeps_connection):
        super().__init__(daemon=True)
        self._port, self._told, self._keeps = port, told, keeps_connection
        self.answered, self.dropped = 0, []
        self.started_asking = threading.Event()

    def run(self):
        while not self._told.is_set():
            with closing(HTTPConnection("127.0.0.1", self._port, timeout=10)) as connection:
                try:
                    goes_on = self._ask_over(connection)
                except Exception as error:
                    self.dropped.append(repr(error))
                    return
            if not goes_on:
                return

    def _ask_over(self, connection):
        """Over one connection as long as it may be kept; whether to ask over another one."""
        headers = {} if self._keeps else {"Connection": "close"}
        while not self._told.is_set():
            connection.request("GET", PATH, headers=headers)
            answer = connection.getresponse()
            assert answer.status == 200
            assert json.loads(answer.read())["items"]
            self.answered += 1
            self.started_asking.set()
            if not self._keeps or answer.will_close:
                break
        return not self._keeps


def test_nothing_that_was_accepted_is_dropped_when_the_server_stops_under_load(redis, redis_url):
    publish_small(redis, users={7: ranking(2)})
    port = free_port()
    # Longer than a busy machine needs until everybody has heard of it.
    with serving(redis_url, port, **WORKERS, ANIREC_DRAIN_SECONDS="5") as process:
        told = threading.Event()
        callers = [Caller(port, told, keeps_connection=n % 2 == 0) for n in range(8)]
        for caller in callers:
            caller.start()
        for caller in callers:
            assert caller.started_asking.wait(60)

        process.send_signal(signal.SIGTERM)
        eventually(lambda: ask(port, "GET", "/readyz")[0], 503)
        told.set()
        process.finished(timeout=20)
        for caller in callers:
            caller.join(20)

    assert process.returncode == 0
    assert min(caller.answered for caller in callers) > 0
    assert [one for caller in callers for one in caller.dropped] == []


class Collector(BaseHTTPRequestHandler):
    """Takes what an exporter sends."""

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        self.server.received.append((self.path, self.rfile.read(length)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        """Nobody reads it."""


def test_traces_go_to_the_collector_that_is_configured(redis, redis_url):
    publish_small(redis, users={7: ranking(2)})
    port, trace = free_port(), "4bf92f3577b34da6a3ce929d0e0e4736"
    collector = HTTPServer(("127.0.0.1", 0), Collector)
    collector.received = []
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    env = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    try:
        with serving(redis_url, port, **env):
            ask(port, "GET", PATH, headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
            eventually(lambda: bool(_sent(collector, trace)), True)
    finally:
        collector.shutdown()
        collector.server_close()

    assert b"/v1/users/<digits:user_id>/recommendations" in _sent(collector, trace)[0]


def _sent(collector, trace):
    wanted = bytes.fromhex(trace)
    return [body for path, body in collector.received if path == "/v1/traces" and wanted in body]


def run(redis_url, *arguments):
    done = CliRunner().invoke(anirec, [*arguments, "--store", redis_url])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_key_for_operators_says_so_and_does_not_write(redis, redis_url):
    key = run(redis_url, "keys", "create", "--scope", "ops").splitlines()[-1]

    assert json.loads(run(redis_url, "keys", "list", "--json"))[0]["scope"] == "ops"
    with pytest.raises(WrongKeyError, match="for the page /ops alone"):
        Keys(redis).require(f"Bearer {key}")


def test_keys_are_made_listed_and_revoked(redis, redis_url):
    key = run(redis_url, "keys", "create", "--label", "importer").splitlines()[-1]
    (listed,) = json.loads(run(redis_url, "keys", "list", "--json"))

    assert listed["label"] == "importer"
    assert "digest" not in listed
    assert listed["key_id"] in key
    assert listed["scope"] == "write"
    header, row = run(redis_url, "keys", "list").splitlines()
    assert header.split() == ["id", "created", "scope", "label"]
    assert row.index("importer") == header.index("label")
    run(redis_url, "keys", "revoke", listed["key_id"])
    assert json.loads(run(redis_url, "keys", "list", "--json")) == []


def test_a_user_is_forgotten_from_the_command_line(redis, redis_url):
    publish_small(redis, users={7: ranking(1)})
    redis.hset(keys.REGISTER, GENERATION, '{"state": "live"}')

    assert run(redis_url, "forget", "7").startswith("user 7 is forgotten;")
    assert run(redis_url, "forget", "8").startswith("nothing was stored about user 8;")

    assert not redis.exists(keys.user(GENERATION, 7))
    assert {*redis.hkeys(keys.FORGOTTEN)} == {b"7", b"8"}


def test_two_generations_serve_side_by_side_until_the_test_is_ended(redis, redis_url):
    users = {user: ranking(1) for user in range(40)}
    for one in (GENERATION, LATER):
        publish_small(redis, one, users=users)
        record = {"generation": one, "state": "superseded" if one == GENERATION else "live"}
        redis.hset(keys.REGISTER, one, json.dumps(record))
    redis.expire(keys.user(GENERATION, 7), 1000)
    port = free_port()
    with serving(redis_url, port):
        run(redis_url, "variants", "set", GENERATION, "--share", "0.5")
        eventually(lambda: "variant" in json.loads(ask(port, "GET", PATH)[1]), True)
        answers = [
            json.loads(ask(port, "GET", f"/v1/users/{user}/recommendations")[1]) for user in users
        ]
        told = {(one["variant"], one["generation"]) for one in answers}
        assert told == {("a", LATER), ("b", GENERATION)}
        assert redis.ttl(keys.user(GENERATION, 7)) == -1
        shown = json.loads(run(redis_url, "variants", "show", "--json"))
        assert shown["live"] == {LATER: 0.5, GENERATION: 0.5}

        run(redis_url, "variants", "end", GENERATION)

        eventually(lambda: "variant" in json.loads(ask(port, "GET", PATH)[1]), False)
        assert json.loads(ask(port, "GET", PATH)[1])["generation"] == GENERATION
    assert redis.ttl(keys.user(LATER, 7)) > 0


def test_how_often_each_variant_was_shown_is_in_the_store(redis, redis_url):
    publish_small(redis, users={7: ranking(1)})
    publish_small(redis, LATER, users={7: ranking(1)})
    for one in (GENERATION, LATER):
        redis.hset(keys.REGISTER, one, json.dumps({"generation": one, "state": "superseded"}))
    run(redis_url, "variants", "set", GENERATION)
    port = free_port()
    with serving(redis_url, port):
        for user in range(30):
            ask(port, "GET", f"/v1/users/{user}/recommendations")

        def counted():
            ask(port, "GET", PATH)
            shown = json.loads(run(redis_url, "variants", "show", "--json"))["exposure"]
            return sum(shown.values()) >= 30

        eventually(counted, True)


def test_a_share_that_is_none_and_a_generation_that_is_not_stored_are_refused(redis, redis_url):
    publish_small(redis)
    for arguments in ((LATER,), (GENERATION,), (LATER, "--share", "1.5")):
        command = ["variants", "set", *arguments, "--store", redis_url]
        assert CliRunner().invoke(anirec, command).exit_code != 0


def test_a_server_that_logs_more_than_a_pipe_holds_goes_on_answering(redis, redis_url):
    publish_small(redis)
    port = free_port()
    with serving(redis_url, port, ANIREC_LOG_SAMPLE="1") as process:
        name = {"X-Request-ID": "x" * 100}
        for _ in range(400):
            assert ask(port, "GET", PATH, headers=name)[0] == 200
        process.send_signal(signal.SIGTERM)
        _, errors = process.finished(timeout=10)

    assert len(errors) > 2**16
