"""A portable runner with worker processes of its own: Beam's Prism and Python's worker pool.

Prism is found on the PATH, in var/emulators, or, where `build_prism` is asked to, made there by Go.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Final

from batch.engine import Engine
from tests import emulators
from tests.redis_server import free_port

MISSING: Final = "Prism (`make prism` builds it, where Go is installed)"
_BUILD_SECONDS: Final = 900


def prism_binary() -> str | None:
    """Beam's portable runner, if this machine has it."""
    return shutil.which("prism") or shutil.which("prism", path=emulators.BUILT)


def build_prism() -> None:
    """Build the Prism of the Beam release that is installed, unless there is one."""
    if prism_binary() or shutil.which("go") is None:
        return
    module = f"github.com/apache/beam/sdks/v2/go/cmd/prism@v{metadata.version('apache-beam')}"
    emulators.BUILT.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"GOBIN": str(emulators.BUILT.absolute())}
    subprocess.run(["go", "install", module], env=environment, check=True, timeout=_BUILD_SECONDS)


@contextmanager
def prism_engine(folder: Path) -> Iterator[Engine]:
    """An engine whose pipelines run in a worker process, told by Prism what to do."""
    binary = prism_binary()
    assert binary, MISSING
    jobs, pool = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    with (
        emulators.running(_prism(binary, jobs), jobs, folder),
        emulators.running(_pool(pool), pool, folder, PATH=_path(), TMPDIR=str(folder)),
    ):
        yield Engine("PortableRunner", (
            f"--job_endpoint={jobs}", "--environment_type=EXTERNAL", f"--environment_config={pool}",
        ))  # fmt: skip


def _prism(binary: str, address: str) -> list[str]:
    port = address.rpartition(":")[2]
    return [binary, f"-job_port={port}", "-serve_http=false", "-log_level=warn", "-log_kind=text"]


def _pool(address: str) -> list[str]:
    module = "apache_beam.runners.worker.worker_pool_main"
    return [sys.executable, "-m", module, f"--service_port={address.rpartition(':')[2]}"]


def _path() -> str:
    """The pool starts its workers as `python`."""
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


if __name__ == "__main__":
    build_prism()
    print(prism_binary() or f"there is no {MISSING}")
