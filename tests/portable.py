"""Portable runners with worker processes of their own: Beam's Prism, and Flink with its job server.

Prism is found on the PATH, in var/emulators, or built there by Go. Flink is what `make flink` has
put into var/emulators/flink; a cluster of one process runs inside its job server.
"""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib import metadata
from pathlib import Path
from typing import Final, Protocol

from batch.engine import Engine
from tests import emulators
from tests.redis_server import free_port

FLINK: Final = emulators.BUILT / "flink"
_OPENED: Final = ("java.lang", "java.nio", "java.util")
"""Packages of Java that Flink looks into."""


class Runner(Protocol):
    """Runs pipelines in worker processes; keeps its files in the folder."""

    def __call__(self, folder: Path, /) -> AbstractContextManager[Engine]: ...


def missing(name: str) -> str:
    """What keeps a runner from being tried here; empty if nothing does."""
    if name == "prism":
        return "" if prism_binary() else "Prism (on the PATH, or Go to build it)"
    there = shutil.which("java") and any(FLINK.glob("beam-runners-flink-*.jar"))
    return "" if there else "Flink's job server (`make flink` fetches it with Maven; needs Java)"


def prism_binary() -> str | None:
    """The Prism of the Beam release that is installed, built if need be."""
    version = metadata.version("apache-beam")
    return emulators.program("prism", f"github.com/apache/beam/sdks/v2/go/cmd/prism@v{version}")


@contextmanager
def prism(folder: Path) -> Iterator[Engine]:
    """Prism, of the release that is installed."""
    binary, port = prism_binary(), free_port()
    assert binary, missing("prism")
    quiet = ("-serve_http=false", "-log_level=warn", "-log_kind=text")
    with _engine([binary, f"-job_port={port}", *quiet], port, folder) as engine:
        yield engine


@contextmanager
def flink(folder: Path) -> Iterator[Engine]:
    """Flink's job server; pipelines become jobs of Flink."""
    port = free_port()
    opened = [f"--add-opens=java.base/{one}=ALL-UNNAMED" for one in _OPENED]
    command = [
        "java", *opened, "-cp", f"{FLINK.absolute()}/*",
        "org.apache.beam.runners.flink.FlinkJobServerDriver",
        f"--job-port={port}", f"--artifact-port={free_port()}", f"--expansion-port={free_port()}",
        f"--artifacts-dir={folder}",
    ]  # fmt: skip
    with _engine(command, port, folder) as engine:
        yield engine


RUNNERS: Final[Mapping[str, Runner]] = {"prism": prism, "flink": flink}


@contextmanager
def _engine(job_server: Sequence[str], port: int, folder: Path) -> Iterator[Engine]:
    """An engine whose pipelines run in a worker process, told by a job server what to do."""
    jobs, pool = f"127.0.0.1:{port}", f"127.0.0.1:{free_port()}"
    with (
        emulators.running(job_server, jobs, folder),
        emulators.running(_pool(pool), pool, folder, PATH=_path(), TMPDIR=str(folder)),
    ):
        yield Engine("PortableRunner", (
            f"--job_endpoint={jobs}", "--environment_type=EXTERNAL", f"--environment_config={pool}",
        ))  # fmt: skip


def _pool(address: str) -> list[str]:
    module = "apache_beam.runners.worker.worker_pool_main"
    return [sys.executable, "-m", module, f"--service_port={address.rpartition(':')[2]}"]


def _path() -> str:
    """The pool starts its workers as `python`."""
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
