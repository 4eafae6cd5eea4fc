"""`anirec rollback`: make another stored generation live."""

from datetime import UTC, datetime

import click

from jobs import options
from schemas.records import Generation


@click.command(context_settings={"max_content_width": 100})
@click.argument("generation", required=False)
@options.store_option
@options.params_option
def rollback(generation: str | None, store: str | None, params_file: str | None) -> None:
    """Make GENERATION live, by default the one that was live before.

    It does not wait for a running refresh; readers follow within about a second.

    \b
    Example: anirec rollback 20261124T020000Z --store redis://localhost:6379
    """
    from batch.publish.lease import holder_name
    from batch.publish.store import connect
    from schemas.store.audit import audited
    from schemas.store.control import Control
    from schemas.store.register import Register
    from schemas.store.retention import Retention

    kept = options.read_params(params_file).publish
    target = Generation(generation) if generation else None
    with options.opened_store(store) as url, connect(url) as client:
        retention = Retention(Control(client), Register(client), kept.superseded_hours)
        what = f"roll back to {target or 'the generation before'}"
        live = audited(
            client, holder_name("rollback"), what,
            lambda: retention.roll_back(target, datetime.now(UTC)),
        )  # fmt: skip
    click.echo(f"{live} is live")
