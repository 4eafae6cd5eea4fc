"""Google's Pub/Sub emulator and a Cloud Storage one, on loopback, from whatever a machine has.

The first is a component of the Cloud SDK, found through `gcloud` on the PATH. The second is
fake-gcs-server, found on the PATH, in var/emulators, or built there by Go.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

from tests.redis_server import free_port

NOT_TRIED: Final = "not tried, for want of"
FAKE_GCS: Final = "github.com/fsouza/fake-gcs-server@v1.56.1"
BUILT: Final = Path(__file__).parents[1] / "var" / "emulators"
_BUILD_SECONDS: Final = 900
_START_SECONDS: Final = 60.0


@cache
def missing() -> str:
    """What keeps the emulators from running here; empty if nothing does."""
    lacking = []
    if _pubsub_command() is None:
        lacking.append("Google's Pub/Sub emulator (a component of the Cloud SDK, and Java)")
    if storage_binary() is None:
        lacking.append(f"fake-gcs-server (on the PATH, or Go to build {FAKE_GCS})")
    return " and ".join(lacking)


@contextmanager
def pubsub(folder: Path) -> Iterator[str]:
    """Run the Pub/Sub emulator; gives HOST:PORT."""
    command = _pubsub_command()
    assert command, missing()
    address = f"127.0.0.1:{free_port()}"
    data = folder / "pubsub"
    data.mkdir()
    with running([*command, f"--host={_host(address)}", f"--port={_port(address)}"], address, data):
        yield address


@contextmanager
def cloud_storage(folder: Path, project: str, topic: str, pubsub_address: str) -> Iterator[str]:
    """Run the Cloud Storage emulator, which tells a topic of each object; gives http://HOST:PORT."""
    binary = storage_binary()
    assert binary, missing()
    told = ["-event.pubsub-project-id", project, "-event.pubsub-topic", topic]
    with _storage(binary, folder, told, PUBSUB_EMULATOR_HOST=pubsub_address) as url:
        yield url


@contextmanager
def storage_alone(folder: Path) -> Iterator[str]:
    """Run the Cloud Storage emulator, which tells nobody; gives http://HOST:PORT."""
    binary = storage_binary()
    assert binary, missing()
    with _storage(binary, folder, []) as url:
        yield url


@contextmanager
def _storage(binary: str, folder: Path, told: Sequence[str], **environment: str) -> Iterator[str]:
    address = f"127.0.0.1:{free_port()}"
    url = f"http://{address}"
    command = [
        binary, "-scheme", "http", "-backend", "memory", "-host", _host(address),
        "-port", _port(address), "-external-url", url, "-public-host", address,
        "-log-level", "error", *told,
    ]  # fmt: skip
    with running(command, address, folder, **environment):
        yield url


def storage_binary() -> str | None:
    """The Cloud Storage emulator, built if need be."""
    return program("fake-gcs-server", FAKE_GCS)


@cache
def program(name: str, module: str) -> str | None:
    """A program from the PATH or var/emulators, or built there from a Go module, if Go is there."""
    found = shutil.which(name) or shutil.which(name, path=BUILT)
    if found or shutil.which("go") is None:
        return found
    BUILT.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"GOBIN": str(BUILT.absolute())}
    try:
        subprocess.run(
            ["go", "install", module], env=environment, check=True, timeout=_BUILD_SECONDS,
            stdout=sys.stderr, stderr=sys.stderr,
        )  # fmt: skip
    except subprocess.SubprocessError as error:
        sys.stderr.write(f"{module} was not built: {error}\n")
    return shutil.which(name, path=BUILT)


def _pubsub_command() -> Sequence[str] | None:
    """Its own script rather than gcloud's, whose wrapper would survive what starts it."""
    gcloud = shutil.which("gcloud")
    if gcloud is None or shutil.which("java") is None:
        return None
    root = subprocess.run(
        [gcloud, "info", "--format=value(installation.sdk_root)"],
        check=False, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    jars = sorted((Path(root) / "platform" / "pubsub-emulator" / "lib").glob("*.jar"))
    return ["java", "-jar", str(jars[-1])] if root and jars else None


@contextmanager
def running(
    command: Sequence[str], address: str, folder: Path, **environment: str
) -> Iterator[None]:
    """Run a program that listens at an address, in a folder that gets its log."""
    with (folder / f"{Path(command[0]).name}.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=os.environ | environment, stdout=log, stderr=log
        )
    try:
        _wait_until_it_listens(process, address, log.name)
        yield
    finally:
        process.kill()
        process.wait()


def _wait_until_it_listens(process: subprocess.Popen[bytes], address: str, log: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _listens(address):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"an emulator did not start: {Path(log).read_text()}")
        time.sleep(0.05)


def _listens(address: str) -> bool:
    try:
        socket.create_connection((_host(address), int(_port(address))), 1).close()
    except OSError:
        return False
    return True


def _host(address: str) -> str:
    return address.rpartition(":")[0]


def _port(address: str) -> str:
    return address.rpartition(":")[2]
