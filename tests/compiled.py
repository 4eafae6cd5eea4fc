"""What is compiled where there is a compiler: whether it is, and of what the sources say now."""

import sys
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES, SourceFileLoader
from importlib.util import find_spec, module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

from tests.emulators import NOT_TRIED

TOP: Final = Path(__file__).parents[1]


def stale() -> list[str]:
    """Compiled modules that are older than their sources."""
    typed = [path for part in ("api", "schemas") for path in (TOP / part).glob("*.p[xy][dx]")]
    return [str(old.relative_to(TOP)) for path in typed for old in _compiled(path) if _older(old)]


def _compiled(source: Path) -> list[Path]:
    names = [source.with_name(source.stem + suffix) for suffix in EXTENSION_SUFFIXES]
    return [path for path in names if path.exists()]


def _older(compiled: Path) -> bool:
    stem = compiled.name.partition(".")[0]
    sources = [compiled.with_name(stem + suffix) for suffix in (".py", ".pyx", ".pxd")]
    made = compiled.stat().st_mtime
    return any(path.exists() and path.stat().st_mtime > made for path in sources)


def require(module: str) -> ModuleType:
    """A module as it was compiled; skips a test, loudly, where it was not."""
    found = find_spec(module)
    if found is None or not str(found.origin).endswith(tuple(EXTENSION_SUFFIXES)):
        pytest.skip(f"{NOT_TRIED}: a C++ compiler and Python's headers, to compile {module}")
    return import_module(module)


def as_python(module: str) -> ModuleType:
    """A module as its source is interpreted, beside the compiled one."""
    path = TOP.joinpath(*module.split(".")).with_suffix(".py")
    loader = SourceFileLoader(f"{module}_as_python", str(path))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    found = sys.modules[spec.name] = module_from_spec(spec)  # dataclasses look their module up
    loader.exec_module(found)
    return found
