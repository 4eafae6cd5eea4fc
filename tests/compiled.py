"""What is compiled where there is a compiler: whether it is, and of what the sources say now."""

from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

from tests.emulators import NOT_TRIED

TOP: Final = Path(__file__).parents[1]


def stale() -> list[str]:
    """Compiled modules that are older than their sources, or whose sources are gone."""
    made = [path for part in ("api", "schemas") for path in (TOP / part).iterdir()]
    ours = [path for path in made if path.name.endswith(tuple(EXTENSION_SUFFIXES))]
    return [str(path.relative_to(TOP)) for path in ours if _is_stale(path)]


def _is_stale(compiled: Path) -> bool:
    source = compiled.with_name(compiled.name.partition(".")[0] + ".pyx")
    return not source.exists() or compiled.stat().st_mtime < source.stat().st_mtime


def require(module: str) -> ModuleType:
    """A module as it was compiled; skips a test, loudly, where it was not."""
    found = find_spec(module)
    if found is None or not str(found.origin).endswith(tuple(EXTENSION_SUFFIXES)):
        pytest.skip(f"{NOT_TRIED}: a C++ compiler and Python's headers, to compile {module}")
    return import_module(module)
