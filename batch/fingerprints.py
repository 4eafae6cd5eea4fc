"""Fingerprints of code: of our own files and of the libraries they run through."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib import metadata
from pathlib import Path


def code_of(sources: Iterable[Path], libraries: Iterable[str]) -> str:
    """Changes with any of these files, and with the version of any of these libraries."""
    versions = " ".join(f"{one.name} {one.version}" for one in _installed(libraries))
    contents = b"\0".join(path.read_bytes() for path in sources)
    return fingerprint(versions.encode() + contents)


def fingerprint(content: bytes) -> str:
    """Sixteen hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()[:16]


def _installed(libraries: Iterable[str]) -> Iterator[metadata.Distribution]:
    for name in libraries:
        with suppress(metadata.PackageNotFoundError):  # one of the two TensorFlows
            yield metadata.distribution(name)
