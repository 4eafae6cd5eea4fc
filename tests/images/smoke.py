"""Runs the images as a cluster would: python -m tests.images.smoke. `make images` first.

A refresh in the batch container, lookups from an API container whose root cannot be written to, a
worker; SIGTERM to both. Containers reach Redis by its socket and are asked from inside, so that
it makes no difference where their engine runs, as long as it sees this folder.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests import redis_server

TOP: Final = Path(__file__).parents[2]
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 20
HARDENED: Final = (
    "--read-only",
    "--tmpfs=/tmp",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
)
PODMAN_LIMITS: Final = ("--cgroups=disabled", "--ulimit=nofile=4096", "--ulimit=nproc=4096")
"""Without control groups, and lower than what podman asks for, which not every machine grants."""
BEAM_POOL_PORT: Final = 50000


class Engine:
    """Docker where a daemon answers, else podman."""

    def __init__(self) -> None:
        daemon = subprocess.run(["docker", "info"], capture_output=True, check=False)
        self.name = "docker" if daemon.returncode == 0 else "podman"
        self.limits = () if self.name == "docker" else PODMAN_LIMITS

    def call(self, *arguments: str) -> str:
        """What a command of the engine prints; its errors go to ours."""
        done = subprocess.run(
            [self.name, *arguments], stdout=subprocess.PIPE, text=True, check=True
        )
        return done.stdout.strip()

    def run(self, *arguments: str) -> str:
        """`run`, without what the machine may not grant."""
        return self.call(
            "run", *self.limits, "--network=none", "--no-healthcheck", *HARDENED, *arguments
        )


def main() -> None:
    """Every step says what it saw; the first that fails ends with a traceback."""
    _in_plain_control_groups()
    engine = Engine()
    (TOP / "var").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TOP / "var") as folder, _redis(Path(folder)) as shared:
        _say_sizes(engine)
        _refresh(engine, shared)
        _serve(engine, shared)
        _follow(engine, shared)
    _beam(engine)


def _in_plain_control_groups() -> None:
    """crun refuses a hybrid hierarchy even where it is to use none: start again without it, in a
    mount namespace of our own.
    """
    hybrid = " /sys/fs/cgroup/unified cgroup2 " in Path("/proc/mounts").read_text()
    if hybrid and os.geteuid() == 0:
        script = 'umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; exec "$@"'
        again = [sys.executable, "-m", "tests.images.smoke"]
        os.execvp("unshare", ["unshare", "--mount", "sh", "-c", script, "sh", *again])


@contextmanager
def _redis(folder: Path) -> Iterator[list[str]]:
    """A real Redis, and the arguments of a container that share it and a folder for its work."""
    work = folder / "work"
    work.mkdir()
    for path in (folder, work):  # the containers' user is nobody we know
        path.chmod(0o777)
    server = redis_server.start(folder, unixsocketperm="777")
    try:
        socket = ["--volume", f"{folder}:/redis", "--env", "ANIREC_STORE=unix:///redis/s"]
        yield [*socket, "--volume", f"{work}:/work"]
    finally:
        server.stop()


def _image(name: str) -> str:
    return f"{os.environ['REPOSITORY']}/anirec-{name}:{os.environ['TAG']}"


def _say_sizes(engine: Engine) -> None:
    for name in ("api", "batch", "beam"):
        found = engine.call("images", "--format={{.Size}}", _image(name)) or "not built"
        print(f"size     {name}: {found}", flush=True)


def _refresh(engine: Engine, shared: list[str]) -> None:
    batch = ["--rm", *shared, _image("batch")]
    engine.run(*batch, "sample", "--out", "data", "--users", "500", "--anime", "300", "--seed", "1")
    said = json.loads(
        engine.run(*batch, "refresh", "--data", "data", "--tracking", "off", "--json")
    )
    print(f"refresh  {said['generation']}: {said['users']} users, {said['seconds']['total']:.0f} s")
    assert said["users"] > 0


def _serve(engine: Engine, shared: list[str]) -> None:
    with _started(engine, [*shared, _image("api")]) as api:
        _wait("the API to be ready", lambda: _get(engine, api, "/readyz")[0] == 200)
        for path in (
            "/v1/users/7/recommendations?limit=3",
            "/v1/anime/1/similar",
            "/v1/generation",
        ):
            status, body = _get(engine, api, path)
            print(f"lookup   {path}: {status}, {body[:90]}")
            assert status == 200
        _check_health(engine, api)
        print("user    ", engine.call("exec", api, "python", "-c", "import os; print(os.getuid())"))
        _assert_root_is_closed(engine, api)
        assert _stopped(engine, api) == 0


def _follow(engine: Engine, shared: list[str]) -> None:
    with _started(engine, [*shared, _image("batch"), "worker"]) as worker:
        _wait("the worker to start", lambda: _is_running(engine, worker, after=10))
        assert _stopped(engine, worker) == 0


def _beam(engine: Engine) -> None:
    if not engine.call("images", "--quiet", _image("beam")):
        print("beam     not built, not tried")
        return
    probe = f"import socket; socket.create_connection(('127.0.0.1', {BEAM_POOL_PORT}), 1)"
    with _started(engine, [_image("beam")]) as pool:
        _wait("Beam's worker pool", lambda: _succeeds(engine, "exec", pool, "python", "-c", probe))
        print(f"beam     the worker pool listens on {BEAM_POOL_PORT}")


@contextmanager
def _started(engine: Engine, arguments: list[str]) -> Iterator[str]:
    container = engine.run("--detach", *arguments)
    try:
        yield container
    except BaseException:
        print(engine.call("logs", container), file=sys.stderr)
        raise
    finally:
        engine.call("rm", "--force", container)


def _get(engine: Engine, container: str, path: str) -> tuple[int, str]:
    """Status and body; status 0 where nobody answers."""
    code = (
        "import sys, urllib.request as r, urllib.error as e\n"
        "try: a = r.urlopen('http://127.0.0.1:8080' + sys.argv[1], timeout=5)\n"
        "except e.HTTPError as error: a = error\n"
        "except OSError: print(0); sys.exit()\n"
        "print(a.status); print(a.read().decode())"
    )
    status, _, body = engine.call("exec", container, "python", "-c", code, path).partition("\n")
    return int(status), body


def _check_health(engine: Engine, container: str) -> None:
    """Run the image's own health check."""
    stated = "--format={{json .Config.Healthcheck.Test}}"
    check = json.loads(engine.call("image", "inspect", stated, _image("api")))
    assert check[0] == "CMD"
    engine.call("exec", container, *check[1:])
    print("health   the image's check succeeds")


def _assert_root_is_closed(engine: Engine, container: str) -> None:
    code = "open('/opt/anirec/x', 'w')"
    assert not _succeeds(engine, "exec", container, "python", "-c", code)
    print("root     cannot be written to")


def _stopped(engine: Engine, container: str) -> int:
    """SIGTERM, and the exit code; the engine would kill it after a while, which is 137."""
    began = time.monotonic()
    engine.call("stop", f"--time={STOP_SECONDS}", container)
    code = int(engine.call("inspect", "--format={{.State.ExitCode}}", container))
    print(f"SIGTERM  exit code {code} after {time.monotonic() - began:.1f} s", flush=True)
    return code


def _is_running(engine: Engine, container: str, after: float) -> bool:
    time.sleep(after)
    return engine.call("inspect", "--format={{.State.Running}}", container) == "true"


def _succeeds(engine: Engine, *arguments: str) -> bool:
    return (
        subprocess.run([engine.name, *arguments], capture_output=True, check=False).returncode == 0
    )


def _wait(what: str, is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {START_SECONDS:.0f} s for {what}")
        time.sleep(0.5)


if __name__ == "__main__":
    main()
