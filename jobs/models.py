"""`anirec models`: registered models; put another one in production."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from jobs import options, stores

if TYPE_CHECKING:
    from batch.publish.models import Models

_WIDE: Final = 160


@click.group(context_settings={"max_content_width": 100})
def models() -> None:
    """Registered models: list, promote, roll back.

    Every model that was published has a version. A promoted model is pinned: refreshes publish
    with it, and train none, until it is unpinned.

    \b
    Example: anirec models list
    """


@models.command("list")
@options.store_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def list_models(store: str | None, as_json: bool) -> None:
    """List registered models, the oldest version first.

    \b
    Example: anirec models list
    """
    with _registry(store) as registry:
        records, production = registry.records(), registry.production()
    rows = [asdict(one) | {"stage": production.stage(one.model),
                           "pinned": production.pinned and one.model == production.model}
            for one in records]  # fmt: skip
    if as_json:
        click.echo(json.dumps(rows))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("version", "model", "stage", "data set", "first list", "ndcg@10", "experiment")
    for row in rows:
        stage = f"{row['stage']}, pinned" if row["pinned"] else str(row["stage"])
        ndcg = row["metrics"].get("ndcg@10")
        table.add_row(f"v{row['version']}", row["model"], stage, row["dataset"][:8],
                      row["generation"], f"{ndcg:.4f}" if ndcg is not None else "",
                      (row["experiment"] or "")[:8])  # fmt: skip
    console = Console(width=None if Console().is_terminal else _WIDE)
    console.print(table if rows else "no model was published yet")


@models.command()
@click.argument("model")
@options.store_option
def promote(model: str, store: str | None) -> None:
    """Put MODEL, a name or a version, in production and pin it.

    The next refresh publishes with it; `anirec rollback` changes what serves at once.

    \b
    Example: anirec models promote v3
    """
    with _registry(store) as registry:
        found = registry.promote(model)
        click.echo(f"v{found.version} ({found.model}) is in production, and pinned")
        _push(registry)


@models.command()
@options.store_option
def rollback(store: str | None) -> None:
    """Promote the model that was in production before, and pin it.

    \b
    Example: anirec models rollback
    """
    with _registry(store) as registry:
        found = registry.roll_back()
        click.echo(f"v{found.version} ({found.model}) is in production, and pinned")
        _push(registry)


@models.command(short_help="Let refreshes train again.")
@options.store_option
def unpin(store: str | None) -> None:
    """Let refreshes train again, and put in production what they publish.

    \b
    Example: anirec models unpin
    """
    with _registry(store) as registry:
        registry.unpin()
    click.echo("no model is pinned")


@models.command(short_help="Copy the registry to Comet's.")
@options.store_option
def push(store: str | None) -> None:
    """Copy the registry to Comet's, as refreshes do by themselves with COMET_API_KEY.

    \b
    Example: COMET_API_KEY=... anirec models push
    """
    with _registry(store) as registry:
        if not _push(registry):
            click.echo("nothing was sent: COMET_API_KEY or the extra `tracking` is missing")


@contextmanager
def _registry(store: str | None) -> Iterator["Models"]:
    from batch.publish.models import Models

    with stores.opened(store) as client:
        yield Models(client)


def _push(registry: "Models") -> bool:
    """Copy the registry to Comet, where somebody listens; says how it went."""
    from batch.comet_registry import push as tell

    outcome = tell(registry.records(), registry.production())
    if outcome:
        click.echo(outcome, err=True)
    return outcome is not None
