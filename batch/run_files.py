"""Records of runs as files, for whoever watches a folder or a bucket instead of Redis."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Final

from schemas import documents
from schemas.errors import PayloadError
from schemas.runs import Outcome, Run

LATEST: Final = "latest.json"
"""Command -> `run`, the last one that is over, and `success`, the last one that was done."""


def write(folder: Path, run: Run) -> None:
    """Write a record, whole or not at all, and where the run is over what was last."""
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / f"{run.id}.json", documents.dump(run, indent=2))
    if run.is_over:
        _replace(folder / LATEST, json.dumps(_latest(folder, run), indent=2))


def _latest(folder: Path, run: Run) -> dict[str, object]:
    """What is said of other commands, and of an earlier success, stays."""
    path = folder / LATEST
    try:
        found = documents.read_object(LATEST, path.read_bytes()) if path.is_file() else {}
    except PayloadError:  # somebody else's hands: the next runs fill it again
        found = {}
    before = found.get(run.command)
    said = asdict(run)
    mine = (before if isinstance(before, dict) else {"success": None}) | {"run": said}
    if run.outcome is Outcome.DONE:
        mine["success"] = said
    return found | {run.command: mine}


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(text + "\n", encoding="utf-8")
    part.replace(path)
