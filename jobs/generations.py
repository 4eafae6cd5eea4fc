"""`anirec generations`: what is stored."""

import json
from dataclasses import asdict
from typing import Final

import click

from jobs import options

_WIDE: Final = 160
"""Columns of a table where no terminal says how many there are: nothing is cut."""


@click.command(context_settings={"max_content_width": 100})
@options.store_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def generations(store: str | None, as_json: bool) -> None:
    """List stored generations, oldest first.

    \b
    Example: anirec generations --store redis://localhost:6379
    """
    from batch.publish.store import connect
    from schemas.store.register import Register

    with options.opened_store(store) as url, connect(url) as client:
        records = Register(client).records()
    if as_json:
        click.echo(json.dumps([asdict(record) for record in records]))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("generation", "state", "users", "data set", "model", "gone", "note")
    table.columns[0].no_wrap = True
    for one in records:
        columns = (one.generation, one.state, str(one.users), one.dataset[:8], one.model[:8])
        table.add_row(*columns, one.gone, one.note)
    console = Console(width=None if Console().is_terminal else _WIDE)
    console.print(table if records else "nothing is stored")
