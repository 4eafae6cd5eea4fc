"""The quality report: metrics.json for machines, evaluation.md for people."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from batch.evaluation.protocols import Quality
from batch.evaluation.references import PEERS_INSTALLED

Results = Mapping[str, Sequence[Quality]]
"""Protocol -> its rows."""


def write_report(results: Results, folder: Path) -> None:
    """Write both files."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = {name: [asdict(row) for row in rows] for name, rows in results.items()}
    (folder / "metrics.json").write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")
    (folder / "evaluation.md").write_text(markdown(results), encoding="utf-8")


def markdown(results: Results) -> str:
    """One table for each protocol."""
    parts = [_table(name, rows) for name, rows in results.items()]
    if not PEERS_INSTALLED:
        parts.append("item-kNN and iALS were left out: `make peers` installs what they need.\n")
    return "\n".join(parts)


def _table(name: str, rows: Sequence[Quality]) -> str:
    head = [
        f"## {name}\n",
        "| method | NDCG@10 | NDCG@100 | Recall@20 | titles in anybody's top 10 |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines = [
        f"| {one.method} | {one.ndcg_10:.4f} | {one.ndcg_100:.4f} | {one.recall_20:.4f} "
        f"| {one.shown:,} |"
        for one in rows
    ]
    return "\n".join([*head, *lines, f"\n{rows[0].users:,} users.\n"])
