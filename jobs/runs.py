"""`anirec runs`: what was run, and how it ended."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import click

from jobs import options, stores
from schemas.runs import Outcome, Run

if TYPE_CHECKING:
    from rich.table import Table

_WIDE: Final = 160
"""Columns of a table where no terminal says how many there are: nothing is cut."""


@click.command(context_settings={"max_content_width": 100})
@options.store_option
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True,
              help="Newest runs to list; 200 are kept.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def runs(store: str | None, limit: int, as_json: bool) -> None:
    """List runs, newest first. A lost one was killed, or its machine is gone.

    \b
    Example: anirec runs --limit 5 --store redis://localhost:6379
    """
    from schemas.store.runs import records

    with stores.opened(store) as client:
        found = records(client)[:limit]
    if as_json:
        click.echo(json.dumps([asdict(run) for run in found]))
        return
    from rich.console import Console

    console = Console(width=None if Console().is_terminal else _WIDE)
    console.print(_table(found) if found else "nothing was run")


def _table(found: list[Run]) -> "Table":
    from rich.table import Table

    table = Table("run", "command", "trigger", "outcome", "exit", "took", "generation", "said")
    table.columns[0].no_wrap = True
    for run in found:
        code = "" if run.exit_code is None else str(run.exit_code)
        said = run.message or run.reason
        table.add_row(run.id, run.command, run.trigger, run.outcome, code, _took(run),
                      run.generation, said)  # fmt: skip
    return table


def _took(run: Run) -> str:
    """From start to end, or to now; of a lost run nobody knows."""
    if run.outcome is Outcome.LOST:
        return ""
    end = datetime.fromisoformat(run.ended) if run.ended else datetime.now(UTC)
    return str(
        timedelta(seconds=round((end - datetime.fromisoformat(run.started)).total_seconds()))
    )
