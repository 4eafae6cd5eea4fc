"""Curves and figures of a training as files, in the layout that `dvc plots` reads."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path


def write_training_report(
    figures: Mapping[str, float], points: Iterable[tuple[str, int, float]], folder: Path
) -> None:
    """Write metrics.json, and curves/<name>.tsv for each name of the (name, step, value) points."""
    curves = folder / "curves"
    curves.mkdir(parents=True, exist_ok=True)
    text = json.dumps(figures, indent=2) + "\n"
    (folder / "metrics.json").write_text(text, encoding="utf-8")
    for name, lines in _by_name(points).items():
        path = curves / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join([f"step\t{path.stem}\n", *lines]), encoding="utf-8")


def _by_name(points: Iterable[tuple[str, int, float]]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name, step, value in points:
        found[name].append(f"{step}\t{value!r}\n")
    return found
