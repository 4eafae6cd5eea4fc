"""A fingerprint of everything that ingest makes a data set from, the files' contents included."""

import hashlib
import json
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from batch.fingerprints import code_of
from batch.ingest.sources import format_of
from batch.ratings.files import Drained

_ALONE: Final = (
    "__init__.py", "dataset.py", "engine.py", "fingerprints.py", "hashing.py",
)  # fmt: skip
"""Modules of batch that ingest runs through, beside its own."""

_Stamp = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Inputs:
    """`fingerprint` is the same for the same data set; `stamps` tell cheaply of files that change
    while they are read: name, size, time of the last change in ns.
    """

    fingerprint: str
    stamps: tuple[_Stamp, ...]

    def are_unchanged(self, data: Path, ratings: Drained) -> bool:
        """Whether the files are still those that were fingerprinted."""
        return self.stamps == _stamps(_files(data, ratings))


def inputs_of(
    data: Path, ratings: Drained, without: Collection[int], reject_share: float
) -> Inputs:
    """Fingerprint what would be ingested now.

    Files count by name and content, so that a copy of a folder is the same folder; those that
    no layout reads count too. Users who are left out, settings and code do as well.
    """
    files = _files(data, ratings)
    stamps = _stamps(files)
    with ThreadPoolExecutor() as pool:  # hashing lets go of the lock
        contents = list(pool.map(_content, files))
    said = {
        "files": [[path.name, content] for path, content in zip(files, contents, strict=True)],
        "watermark": ratings.watermark,
        "without": sorted(without),
        "reject_share": reject_share,
        "code": code_fingerprint(),
    }
    return Inputs(hashlib.sha256(json.dumps(said).encode()).hexdigest(), stamps)


def code_fingerprint() -> str:
    """Changes with any source file or library that ingest may run through."""
    return code_of(source_files(), ("apache-beam", "numpy", "pyarrow"))


def source_files() -> list[Path]:
    """Our own files that count, sorted."""
    batch = Path(__file__).parents[1]
    alone = [batch / name for name in _ALONE]
    ratings = [batch / "ratings" / name for name in ("__init__.py", "files.py")]
    ours = [*alone, *ratings, *Path(__file__).parent.glob("*.py")]
    return sorted([*ours, *(batch.parent / "schemas").glob("*.p[xy]*")])


def _files(data: Path, ratings: Drained) -> list[Path]:
    """In order: what data set they make may depend on it."""
    tables = [path for path in sorted(data.glob("*")) if path.is_file() and format_of(path)]
    return [*tables, *ratings.files]


def _content(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stamps(files: Iterable[Path]) -> tuple[_Stamp, ...]:
    found = ((path.name, path.stat()) for path in files)
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in found)
