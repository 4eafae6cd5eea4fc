"""The API as a process of its own, for tests that need one."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from http.client import HTTPConnection

SECONDS = 5.0


def eventually(read, expected):
    """Ask until the answer is the expected one; say how many seconds it took."""
    started = time.monotonic()
    while (answer := read()) != expected:
        assert time.monotonic() - started < SECONDS, f"still {answer!r}, not {expected!r}"
        time.sleep(0.02)
    return time.monotonic() - started


def start_api(pass_fds=(), **env):
    variables = {key: value for key, value in os.environ.items() if not key.startswith("ANIREC_")}
    return subprocess.Popen(
        [sys.executable, "-m", "api"],
        env=variables | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        pass_fds=pass_fds,
    )


@contextmanager
def serving(redis_url, port, pass_fds=(), **env):
    process = start_api(pass_fds, ANIREC_STORE=redis_url, ANIREC_PORT=str(port), **env)
    try:
        eventually(lambda: ask(port, "GET", "/healthz")[0], 200)
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # a killed server leaves its workers behind
        process.communicate()


def ask(port, method, path, body=None, headers=None):
    connection = HTTPConnection("localhost", port, timeout=SECONDS)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read(), response.headers
    except OSError:
        return 0, b"", {}
    finally:
        connection.close()
