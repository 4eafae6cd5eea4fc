import os
import signal
import stat
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from jobs.embedded import embedded_redis
from jobs.options import opened_store
from schemas.errors import SettingsError, TryAgainError

TOP = Path(__file__).parents[2]
USER = """
import sys
from pathlib import Path
from jobs.embedded import embedded_redis

with embedded_redis(Path(sys.argv[1])) as url:
    print(url, flush=True)
    sys.stdin.readline()
"""


class Neighbour:
    """Another process that uses the embedded server of a var folder until told to leave."""

    def __init__(self, var):
        self._process = subprocess.Popen(
            [sys.executable, "-c", USER, str(var)],
            cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.url = self._process.stdout.readline().strip()

    def leave(self):
        self._process.communicate("\n")

    def kill(self):
        self._process.kill()
        self._process.communicate()


@contextmanager
def neighbour(var):
    one = Neighbour(var)
    try:
        yield one
    finally:
        one.kill()


@contextmanager
def client_of(url):
    with Redis.from_url(url, retry=Retry(NoBackoff(), 0)) as client:
        yield client


def server_of(url):
    """Which server answers there, None if none does."""
    try:
        with client_of(url) as client:
            return client.info("server")["run_id"]
    except RedisError:
        return None


def test_two_processes_share_one_server_and_the_last_one_out_stops_it(tmp_path):
    with neighbour(tmp_path) as first, neighbour(tmp_path) as second:
        server = server_of(first.url)
        assert server == server_of(second.url) is not None

        first.leave()

        assert server_of(second.url) == server
        second.leave()
        assert server_of(second.url) is None


def test_data_survive_to_the_next_start(tmp_path):
    with embedded_redis(tmp_path) as url, client_of(url) as client:
        client.set("greeting", "hello")
    assert server_of(url) is None

    with embedded_redis(tmp_path) as url, client_of(url) as client:
        assert client.get("greeting") == b"hello"


def test_expiries_survive_too(tmp_path):
    with embedded_redis(tmp_path) as url, client_of(url) as client:
        client.set("old", "1", ex=1000)

    with embedded_redis(tmp_path) as url, client_of(url) as client:
        assert 0 < client.ttl("old") <= 1000


def test_a_killed_user_does_not_block_the_others(tmp_path):
    with neighbour(tmp_path) as first:
        server = server_of(first.url)
        first.kill()

        with embedded_redis(tmp_path) as url:
            assert server_of(url) == server

        assert server_of(url) is None


def test_a_killed_server_is_started_again(tmp_path):
    with embedded_redis(tmp_path) as url:
        with client_of(url) as client:
            os.kill(client.info("server")["process_id"], signal.SIGKILL)
        while server_of(url):
            time.sleep(0.01)

    with embedded_redis(tmp_path) as url:
        assert server_of(url)


def test_an_error_in_the_block_stops_the_server_too(tmp_path):
    with pytest.raises(ZeroDivisionError), embedded_redis(tmp_path) as url:
        raise ZeroDivisionError

    assert server_of(url) is None


def test_each_var_folder_has_a_server_of_its_own(tmp_path):
    with embedded_redis(tmp_path / "a") as a, embedded_redis(tmp_path / "b") as b:
        assert server_of(a) != server_of(b)


def test_paths_too_long_for_a_socket_work(tmp_path):
    deep = tmp_path / ("deep" * 20) / ("deeper" * 10)

    with embedded_redis(deep / "a") as a, embedded_redis(deep / "b") as b:
        assert None is not server_of(a) != server_of(b) is not None
        with neighbour(deep / "a") as other:
            assert server_of(other.url) == server_of(a)


def test_only_the_owner_reaches_it_and_only_through_the_socket(tmp_path):
    with embedded_redis(tmp_path) as url, client_of(url) as client:
        mode = Path(url.removeprefix("unix://")).stat().st_mode
        assert stat.S_IMODE(mode) == 0o600
        assert client.config_get("port") == {"port": "0"}


def test_a_server_that_does_not_start_is_a_passing_fault_that_names_its_log(tmp_path):
    log = tmp_path / "redis" / "redis.log"
    log.mkdir(parents=True)

    with pytest.raises(TryAgainError, match=r"redis\.log"), embedded_redis(tmp_path):
        pass


def test_a_store_that_was_asked_for_is_used_as_it_is():
    with opened_store("redis://elsewhere:6379") as url:
        assert url == "redis://elsewhere:6379"


def test_where_an_embedded_store_is_forbidden_its_lack_is_misuse(monkeypatch):
    monkeypatch.setenv("ANIREC_EMBEDDED", "0")

    with pytest.raises(SettingsError, match="set --store or ANIREC_STORE"), opened_store(None):
        pass
