"""What lies in the artifacts folder and is no longer wanted: models, data sets, experiments, runs.

Drained ratings are never among it: nothing else has them.
"""

import logging
import shutil
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final
from uuid import uuid4

from batch import artifacts, dataset, run_files
from batch.params import RetentionParams
from schemas.store.register import Record

log = logging.getLogger(__name__)

_DAY: Final = 24 * 3600
_LATEST: Final = Path(run_files.LATEST).stem


@dataclass(frozen=True, slots=True)
class Kept:
    """Something finished: its files or its folder, and when it was last used, in s since 1970."""

    name: str
    used: float
    paths: tuple[Path, ...]


def prune(
    folder: Path, params: RetentionParams, needed: Collection[str], now: float | None = None
) -> int:
    """Delete what is neither new nor needed; returns how many things that were.

    Args:
        folder: the artifacts.
        params: how many of each kind stay, and what is too young to go.
        needed: names of models and data sets that must stay, such as those of stored generations.
        now: seconds since 1970.
    """
    oldest = (time.time() if now is None else now) - params.days * _DAY
    unwanted = list(
        chain(
            superfluous(_folders(folder / "models", artifacts.MANIFEST), needed, params.models,
                        oldest),
            superfluous(_folders(folder / "datasets", dataset.MANIFEST), needed, params.datasets,
                        oldest),
            superfluous(_files(folder / "experiments"), (), params.experiments, oldest),
            superfluous(_files(folder / "runs"), (_LATEST,), params.runs, oldest),
        )
    )  # fmt: skip
    return sum(map(_delete, unwanted))


def named_by(records: Iterable[Record]) -> set[str]:
    """The models and data sets of stored generations, whatever their state."""
    records = list(records)
    return {one.model for one in records} | {one.dataset[:16] for one in records}


def superfluous(
    found: Iterable[Kept], needed: Collection[str], newest: int, oldest: float
) -> list[Kept]:
    """Of one kind: what nobody needs, is not among the newest, and was not used since `oldest`."""
    ordered = sorted(found, key=lambda one: (one.used, one.name), reverse=True)
    return [one for one in ordered[newest:] if one.name not in needed and one.used < oldest]


def _folders(folder: Path, manifest: str) -> Iterator[Kept]:
    """Finished ones only: what is being written has no manifest yet, or a hidden name."""
    for path in folder.glob(f"[!.]*/{manifest}"):
        yield Kept(path.parent.name, path.parent.stat().st_mtime, (path.parent,))


def _files(folder: Path) -> list[Kept]:
    """Files of one name are one thing, whatever follows the dot."""
    paths: dict[str, list[Path]] = {}
    for path in folder.glob("[!.]*.*"):
        if path.is_file():
            paths.setdefault(path.stem, []).append(path)
    return [
        Kept(stem, max(path.stat().st_mtime for path in some), tuple(some))
        for stem, some in paths.items()
    ]


def _delete(one: Kept) -> bool:
    """Whole or not at all: a folder loses its name first. What cannot go stays for now."""
    try:
        for path in one.paths:
            if path.is_dir():
                gone = path.with_name(f".part-{uuid4().hex}")
                path.rename(gone)
                shutil.rmtree(gone)
            else:
                path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("cannot delete %s: %s", one.name, error)
        return False
    log.info("deleted %s, which nothing needs any more", one.paths[0])
    return True
