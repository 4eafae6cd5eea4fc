"""The quality report in files: figures for machines, tables and plots for people."""

import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from batch.evaluation.protocols import Results
from batch.evaluation.quality import Quality
from batch.evaluation.tables import markdown

METRICS: Final = "metrics.json"
SLICES: Final = "slices.json"
REPORT: Final = "evaluation.md"
EXAMPLES: Final = "examples.md"
PLOTS: Final = "evaluation"
"""The folder of plots, beside the report that shows them."""


def write_report(
    results: Results, folder: Path, missing: Sequence[str] = (), examples: str = ""
) -> None:
    """Write metrics.json, slices.json, evaluation.md and, where matplotlib is installed, plots.

    Args:
        results: of every protocol that was run.
        folder: is made if it is not there; what was there is overwritten.
        missing: references that were asked for and are not installed.
        examples: Markdown for a file of its own: it quotes people's lists, which are nobody's to
            publish.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write_json(folder / METRICS, figures(results))
    _write_json(folder / SLICES, sliced(results))
    plots = _plots(results, folder)
    text = "\n".join(["# Evaluation\n", plots, markdown(results, missing)])
    (folder / REPORT).write_text(text.rstrip() + "\n", encoding="utf-8")
    if examples:
        (folder / EXAMPLES).write_text(examples.rstrip() + "\n", encoding="utf-8")


def figures(results: Results) -> dict[str, dict[str, dict[str, float]]]:
    """Protocol -> method -> figure, with the ends of intervals and p-values as figures too."""
    return {name: {one.method: _flat(one) for one in rows} for name, rows in results.items()}


def sliced(results: Results) -> dict[str, dict[str, object]]:
    """Protocol -> method -> kind of slice -> part -> NDCG."""
    return {name: {one.method: one.slices for one in rows} for name, rows in results.items()}


def _flat(one: Quality) -> dict[str, float]:
    return {
        "users": one.users,
        **one.figures,
        **{f"{name}_low": value for name, value in one.low.items()},
        **{f"{name}_high": value for name, value in one.high.items()},
        **{f"{name}_spread": value for name, value in one.spreads.items()},
        **({} if one.p is None else {"p": one.p}),
    }


def _plots(results: Results, folder: Path) -> str:
    if find_spec("matplotlib") is None:
        return "There are no plots: they need the `evaluation` extra.\n"
    from batch.evaluation.plots import write_plots

    shown = write_plots(results, folder / PLOTS)
    return "\n".join(f"![{caption}]({PLOTS}/{name})\n" for name, caption in shown.items())


def _write_json(path: Path, document: object) -> None:
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
