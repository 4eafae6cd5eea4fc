"""The operators' page of a served process, over a real Redis, on a cluster, and without one."""

import re
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner
from redis import Redis
from redis.backoff import NoBackoff

from api import process
from api.settings import Settings
from jobs.cli import anirec
from schemas import keys
from schemas.store import access, audit
from schemas.store.connections import Patience, connect
from schemas.store.control import Control
from tests.api_server import ask, eventually, serving
from tests.builders import GENERATION, LATER
from tests.operated import hidden, operated, ops_key, sign_in, token_on
from tests.redis_cluster import redis_cluster
from tests.redis_server import free_port, start

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CONFIRM = f"/ops/confirm?act=rollback&generation={GENERATION}"


class Person:
    """Somebody with a browser that keeps cookies, at a port of this machine."""

    def __init__(self, port):
        self.port, self.cookies = port, {}

    def asks(self, method, path, form=None):
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        body = urlencode(form) if form is not None else None
        status, answer, headers = ask(self.port, method, path, body, sent | FORM)
        for one in headers.get_all("Set-Cookie") or [] if status else []:
            name, value = re.match(r"(\w+)=([^;]*)", one).groups()
            self.cookies[name] = value
        return status, answer.decode()

    def signs_in(self, key):
        form = {"csrf": token_on(self.asks("GET", "/ops")[1]), "key": key}
        return self.asks("POST", "/ops/sign-in", form)[0]


@pytest.fixture
def store(client):
    return operated(client)


def test_a_session_of_one_server_is_one_of_all_and_a_rollback_is_everybodys(redis_url, store):
    _, key = ops_key(store)
    first, second = free_port(), free_port()
    with (
        serving(redis_url, first, ANIREC_WORKERS="2", ANIREC_RATE_LIMIT="1/hour"),
        serving(redis_url, second, ANIREC_PRIVATE_READS="1") as other,
    ):
        person = Person(first)
        assert person.signs_in(key) == 303
        form = hidden(person.asks("GET", CONFIRM)[1])
        elsewhere = Person(second)
        elsewhere.cookies = person.cookies

        assert elsewhere.asks("POST", "/ops/act", form)[0] == 303

        assert f"roll back to {GENERATION}</b>: done" in person.asks("GET", "/ops")[1]
        assert Control(store).pointer().live[0].generation == GENERATION
        eventually(lambda: GENERATION in ask(first, "GET", "/v1/generation")[1].decode(), True)
        other.terminate()
        _, logged = other.finished(timeout=20)
    assert f'"what":"roll back to {GENERATION}","outcome":"done"' in logged
    assert not any(secret in logged for secret in (key, person.cookies["anirec_ops"]))


def test_revoking_a_key_ends_its_sessions_at_the_next_request(redis_url, store):
    made, key = ops_key(store)
    port = free_port()
    with serving(redis_url, port):
        person = Person(port)
        person.signs_in(key)
        form = hidden(person.asks("GET", CONFIRM)[1])
        access.revoke(store, made.key_id)

        assert person.asks("POST", "/ops/act", form)[0] == 401

    assert Control(store).pointer().live[0].generation == LATER


def test_redis_going_away_is_told_and_coming_back_is_enough(tmp_path):
    server = start(tmp_path, appendonly="yes", appendfsync="always")
    with Redis.from_url(server.url) as client:
        _, key = ops_key(operated(client))
    port = free_port()
    try:
        with serving(server.url, port):
            person = Person(port)
            assert person.signs_in(key) == 303
            server.stop()

            status, page = person.asks("GET", "/ops")
            assert (status, "Nothing can be looked at or changed here" in page) == (503, True)
            assert LATER not in page

            server = start(tmp_path, appendonly="yes", appendfsync="always")
            eventually(lambda: person.asks("GET", "/ops")[0], 200)
            assert "Signed in as night shift" in person.asks("GET", "/ops")[1]
    finally:
        server.stop()


def test_the_store_of_ratings_going_away_leaves_the_rest_of_the_page(redis_url, store, tmp_path):
    other = start(tmp_path)
    app = process.build(Settings(redis_url, ratings_store=other.url)).test_client()
    sign_in(app, ops_key(store)[1])
    other.stop()

    page = app.get("/ops")

    assert page.status_code == 200
    assert "The store of ratings does not answer" in page.text
    assert "Something is broken" in page.text
    assert f"Roll back to {GENERATION}" in page.text


def test_all_of_it_works_on_a_cluster(tmp_path):
    with (
        redis_cluster(tmp_path) as address,
        connect(address, Patience(5.0, 1, NoBackoff())) as client,
    ):
        operated(client)
        app = process.build(Settings(address, store_timeout=2.0)).test_client()
        assert sign_in(app, ops_key(client)[1]).status_code == 303
        page = app.get("/ops").text
        assert f"Roll back to {GENERATION}" in page

        assert app.post("/ops/act", data=hidden(app.get(CONFIRM).text)).status_code == 303

        assert Control(client).pointer().live[0].generation == GENERATION
        assert client.ttl(keys.manifest(LATER)) > 0
        assert [one.outcome for one in audit.newest(client, 9)] == ["done"]


def test_changes_from_the_command_line_are_on_the_page_too(redis_url, store):
    def run(*arguments):
        return CliRunner().invoke(anirec, [*arguments, "--store", redis_url]).exit_code

    assert run("variants", "set", GENERATION, "--share", "0.2") == 0
    assert run("variants", "end") == 0
    assert run("rollback", GENERATION) == 0
    assert run("rollback", "20200101T000000Z") != 0

    app = process.build(Settings(redis_url)).test_client()
    sign_in(app, ops_key(store)[1])
    changes = app.get("/ops").text.split('id="changes"')[1].split("</section>")[0]
    assert changes.count(": done") == 3
    assert f"give 20.0% to {GENERATION}</b>: done" in changes
    assert "cannot roll back to 20200101T000000Z" in changes
    assert "rollback " in changes


def test_the_record_is_bounded_and_never_expires(store):
    for number in range(audit.KEPT + 300):
        store.xadd(keys.AUDIT, {"who": "me", "what": str(number), "outcome": "done"},
                   maxlen=audit.KEPT, approximate=True)  # fmt: skip
    audit.audited(store, "me", "the last one", lambda: datetime.now(UTC))

    assert store.xlen(keys.AUDIT) < audit.KEPT + 200
    assert store.ttl(keys.AUDIT) == -1
    assert audit.newest(store, 1)[0].what == "the last one"
