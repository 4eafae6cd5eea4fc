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


def test_another_temporary_folder_leads_to_the_same_server(tmp_path, monkeypatch):
    deep = tmp_path / ("deep" * 20) / ("deeper" * 10)
    (tmp_path / "tmp").mkdir()

    with embedded_redis(deep) as url:
        monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
        with neighbour(deep) as other:
            assert server_of(other.url) == server_of(url) is not None


def test_a_symbolic_link_leads_to_the_same_server(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "var")

    with embedded_redis(tmp_path / "var") as url, neighbour(tmp_path / "link") as other:
        assert server_of(other.url) == server_of(url) is not None


def processes_in(folder):
    """Every Redis server that works in a folder."""
    with_the_folder = (
        process.name
        for process in Path("/proc").iterdir()
        if process.name.isdigit() and str(folder).encode() in command_line(process)
    )
    return [
        int(one) for one in with_the_folder if b"redis-server" in command_line(Path("/proc", one))
    ]


def command_line(process):
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def test_a_silent_server_is_left_alone_and_not_joined_by_a_second(tmp_path):
    with neighbour(tmp_path) as first:
        with client_of(first.url) as client:
            server = client.info("server")["process_id"]
        os.kill(server, signal.SIGSTOP)
        try:
            with (
                pytest.raises(TryAgainError, match=r"redis\.log"),
                embedded_redis(tmp_path, patience=0.1),
            ):
                pass
            assert processes_in(tmp_path) == [server]
        finally:
            os.kill(server, signal.SIGCONT)

        with embedded_redis(tmp_path) as url:
            assert server_of(url) == server_of(first.url) is not None
        first.leave()


def test_a_server_that_hangs_is_killed_by_the_last_one_out(tmp_path):
    with embedded_redis(tmp_path, patience=0.5) as url, client_of(url) as client:
        os.kill(client.info("server")["process_id"], signal.SIGSTOP)

    assert processes_in(tmp_path) == []


def test_a_server_that_starts_too_slowly_is_ended(tmp_path, monkeypatch):
    pretender = tmp_path / "bin" / "redis-server"
    pretender.parent.mkdir()
    pretender.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(60)\n")
    pretender.chmod(0o755)
    monkeypatch.setenv("PATH", str(pretender.parent))

    with (
        pytest.raises(TryAgainError, match=r"redis\.log"),
        embedded_redis(tmp_path / "var", patience=0.5),
    ):
        pass

    assert processes_in(tmp_path) == []


LOADING = """
import socket, sys, time
path = sys.argv[sys.argv.index("--unixsocket") + 1]
with socket.socket(socket.AF_UNIX) as door:
    door.bind(path)
    door.listen()
    began = time.monotonic()
    while True:
        one, _ = door.accept()
        while asked := one.recv(4096):
            loading = time.monotonic() - began < 1.5
            for command in asked.split(b"*")[1:]:
                if b"HELLO" in command:
                    one.sendall(b"%1\\r\\n+proto\\r\\n:3\\r\\n")
                else:
                    one.sendall(b"-LOADING reading\\r\\n" if loading else b"+PONG\\r\\n")
            if b"SHUTDOWN" in asked:
                sys.exit()
"""


def test_a_server_that_is_still_loading_is_waited_for(tmp_path, monkeypatch):
    pretender = tmp_path / "bin" / "redis-server"
    pretender.parent.mkdir()
    pretender.write_text(f"#!{sys.executable}\n{LOADING}")
    pretender.chmod(0o755)
    monkeypatch.setenv("PATH", str(pretender.parent))
    started = time.monotonic()

    with embedded_redis(tmp_path / "var", patience=0.5):
        assert time.monotonic() - started > 1.5

    assert processes_in(tmp_path) == []


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
