"""The API as a process of its own, for tests that need one."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from http.client import HTTPConnection

SECONDS = 5.0
START_SECONDS = 60.0
"""A process that starts while others keep the machine busy."""


def eventually(read, expected, patience=SECONDS):
    """Ask until the answer is the expected one; say how many seconds it took."""
    started = time.monotonic()
    while (answer := read()) != expected:
        assert time.monotonic() - started < patience, f"still {answer!r}, not {expected!r}"
        time.sleep(0.02)
    return time.monotonic() - started


class Api(subprocess.Popen):
    """What it prints goes to files: a pipe that nobody reads would stop it once it is full."""

    def __init__(self, **options):
        self._files = [tempfile.TemporaryFile("w+") for _ in range(2)]  # noqa: SIM115  # open for as long as the process lives
        out, errors = self._files
        command = [sys.executable, "-m", "api"]
        super().__init__(command, stdout=out, stderr=errors, **options)

    def finished(self, timeout=None):
        """Wait for its end; what it printed, and its errors."""
        self.wait(timeout)
        for file in self._files:
            file.seek(0)
        said = tuple(file.read() for file in self._files)
        for file in self._files:
            file.close()
        return said

    @property
    def is_read(self):
        return self._files[0].closed


def start_api(pass_fds=(), **env):
    variables = {key: value for key, value in os.environ.items() if not key.startswith("ANIREC_")}
    return Api(env=variables | env, start_new_session=True, pass_fds=pass_fds)


@contextmanager
def serving(redis_url, port, pass_fds=(), **env):
    """An API that answers; what it logged is shown if the test fails."""
    process = start_api(pass_fds, ANIREC_STORE=redis_url, ANIREC_PORT=str(port), **env)
    try:
        eventually(lambda: ask(port, "GET", "/healthz")[0], 200, START_SECONDS)
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # a killed server leaves its workers behind
        if not process.is_read:
            print(*process.finished(), sep="\n")  # pytest shows it with a failure


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
