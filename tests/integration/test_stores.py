"""The forms that a store's address may have, each tried against real servers."""

import shutil
import subprocess
import time
from datetime import UTC, datetime

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError
from redis.exceptions import ConnectionError as RedisConnectionError

from api import process
from api.settings import Settings
from jobs.embedded import redis_binary
from schemas import keys
from schemas.store import access, connections, keyspace
from schemas.store.connections import Patience
from schemas.store.control import Control
from tests.builders import GENERATION, publish_small, ranking
from tests.datasets import refreshed
from tests.emulators import NOT_TRIED
from tests.redis_cluster import redis_cluster
from tests.redis_server import free_port, start

PATH = "/v1/users/7/recommendations"
QUICK = Patience(2.0, 1, NoBackoff())
SMALL = {"users": {7: ranking(2, 0)}, "influences": {1: {2: 0.5}, 2: {3: 0.5}}}


def connect(url):
    return connections.connect(url, QUICK)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with redis_cluster(tmp_path_factory.mktemp("c")) as url:
        yield url


@pytest.fixture
def client(cluster):
    with connect(cluster) as found:
        found.flushall()
        yield found


def test_a_cluster_spreads_what_is_published_over_its_nodes(client):
    publish_small(client, users={user: ranking(1) for user in range(50)})

    sizes = [Redis(host=node.host, port=node.port).dbsize() for node in client.get_primaries()]

    assert len(sizes) == 3
    assert min(sizes) > 5


def test_a_cluster_serves_lists_live_answers_and_ratings(client, cluster):
    publish_small(client, **SMALL)
    _, key = access.create(client, "tests", datetime.now(UTC))
    app = process.build(Settings(cluster, rate_limit="100/minute", store_timeout=2.0)).test_client()
    sent = {"Authorization": f"Bearer {key}", "Idempotency-Key": "x"}

    listed = app.get(PATH).json
    live = app.post("/v1/recommendations", json={"ratings": [{"anime_id": 1}, {"anime_id": 2}]})
    rated = app.post("/v1/users/7/ratings", json={"anime_id": 3, "rating": 9}, headers=sent)
    time.sleep(0.3)

    assert [item["anime_id"] for item in listed["items"]] == [3, 1]
    assert [item["anime_id"] for item in live.json["items"]] == [3, 4]
    assert rated.status_code == 202
    assert [item["anime_id"] for item in app.get(PATH).json["items"]] == [1]


def test_a_cluster_forgets(client, cluster):
    publish_small(client, **SMALL)
    client.hset(keys.REGISTER, GENERATION, '{"generation": "x", "state": "live"}')
    _, key = access.create(client, "tests", datetime.now(UTC))
    app = process.build(Settings(cluster, store_timeout=2.0)).test_client()
    sent = {"Authorization": f"Bearer {key}"}
    app.post("/v1/users/7/ratings", json={"anime_id": 3, "rating": 9}, headers=sent)

    assert app.delete("/v1/users/7", headers=sent).status_code == 204

    assert client.xlen(keys.STREAM) == 0
    assert client.mget(keys.of_user(GENERATION, 7)) == [None] * 4


def test_a_refresh_publishes_to_a_cluster(client, cluster, tmp_path):
    report = refreshed(tmp_path, cluster)

    assert Control(client).pointer().live[0].generation == report.generation
    assert report.redis_bytes["users"] > 0
    app = process.build(Settings(cluster, store_timeout=2.0)).test_client()
    assert app.get("/v1/users/1/recommendations").json["source"] == "precomputed"
    assert keyspace.delete(client, report.generation) > 100
    assert keyspace.delete(client, report.generation) == 0


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """A server that speaks TLS alone over TCP, with a password; its folder and port."""
    folder, port = tmp_path_factory.mktemp("t"), free_port()
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip(f"{NOT_TRIED}: openssl, which makes certificates")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", folder / "key", "-out", folder / "cert"],
        check=True, capture_output=True,
    )  # fmt: skip
    options = {"tls_cert_file": folder / "cert", "tls_key_file": folder / "key",
               "tls_ca_cert_file": folder / "cert", "tls_auth_clients": "no"}  # fmt: skip
    try:
        server = start(folder, tls_port=port, requirepass="s3cret%/@", **options)
    except RuntimeError:
        pytest.skip(f"{NOT_TRIED}: a redis-server that is built with TLS")
    yield folder, port
    server.stop()


def test_a_server_is_reached_by_tls_with_a_password(tls):
    folder, port = tls
    url = f"rediss://:s3cret%25%2F%40@localhost:{port}/0?ssl_ca_certs={folder}/cert"
    with connect(url) as client:
        publish_small(client, **SMALL)

    app = process.build(Settings(url, rate_limit="5/minute", store_timeout=2.0)).test_client()

    assert app.get(PATH).json["source"] == "precomputed"


def test_a_certificate_that_nobody_vouches_for_is_refused(tls):
    client = connect(f"rediss://:s3cret%25%2F%40@localhost:{tls[1]}/0")

    with client, pytest.raises(RedisConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
        client.ping()


def test_a_wrong_password_is_refused(tls):
    folder, port = tls
    client = connect(f"rediss://:wrong@localhost:{port}/0?ssl_ca_certs={folder}/cert")

    with client, pytest.raises(AuthenticationError):
        client.ping()


@pytest.fixture
def sentinel(tmp_path):
    """A server with a password, and a Sentinel that knows it as `lists`; the Sentinel's port."""
    port, asked = free_port(), free_port()
    server = start(tmp_path, port=port, bind="127.0.0.1", requirepass="pw")
    settings = tmp_path / "sentinel.conf"
    settings.write_text(
        f"port {asked}\nbind 127.0.0.1\ndir {tmp_path}\n"
        f"sentinel monitor lists 127.0.0.1 {port} 1\nsentinel auth-pass lists pw\n"
    )
    watcher = subprocess.Popen([redis_binary(), settings, "--sentinel"], stdout=subprocess.DEVNULL)
    try:
        with Redis(port=asked) as client:
            while not _answers(client):
                time.sleep(0.02)
        yield asked
    finally:
        for process in (watcher, server.process):
            process.kill()
            process.wait()


def _answers(client):
    try:
        return client.ping()
    except RedisConnectionError:
        return False


def test_a_sentinel_says_where_the_server_is(sentinel):
    url = f"redis+sentinel://:pw@127.0.0.1:{sentinel},127.0.0.1:1/lists/2"
    with connect(url) as client:
        publish_small(client, **SMALL)
        assert client.info("keyspace").keys() == {"db2"}

    app = process.build(Settings(url, store_timeout=2.0)).test_client()

    assert app.get(PATH).json["source"] == "precomputed"


def test_lists_and_ratings_may_live_in_two_servers(redis_url, tmp_path):
    other = start(tmp_path)
    try:
        with Redis.from_url(redis_url) as lists, Redis.from_url(other.url) as kept:
            publish_small(lists, **SMALL)
            _, key = access.create(lists, "tests", datetime.now(UTC))
            app = process.build(Settings(redis_url, ratings_store=other.url)).test_client()
            sent = {"Authorization": f"Bearer {key}"}
            app.post("/v1/users/7/ratings", json={"anime_id": 3, "rating": 9}, headers=sent)
            time.sleep(0.3)

            assert [item["anime_id"] for item in app.get(PATH).json["items"]] == [1]
            assert (kept.xlen(keys.STREAM), lists.exists(keys.STREAM)) == (1, 0)
    finally:
        other.stop()
