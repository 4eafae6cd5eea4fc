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
    """Compiled modules that are older than their sources."""
    return [
        str(compiled.relative_to(TOP))
        for part in ("api", "schemas")
        for source in (TOP / part).glob("*.pyx")
        for compiled in _compiled(source)
        if compiled.stat().st_mtime < source.stat().st_mtime
    ]


def _compiled(source: Path) -> list[Path]:
    names = [source.with_name(source.stem + suffix) for suffix in EXTENSION_SUFFIXES]
    return [path for path in names if path.exists()]


def require(module: str) -> ModuleType:
    """A module as it was compiled; skips a test, loudly, where it was not."""
    found = find_spec(module)
    if found is None or not str(found.origin).endswith(tuple(EXTENSION_SUFFIXES)):
        pytest.skip(f"{NOT_TRIED}: a C++ compiler and Python's headers, to compile {module}")
    return import_module(module)
