"""`anirec keys`: who may write, who may operate."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Final

import click

from jobs import options, stores

_SCOPES: Final = ("write", "ops")
_HEADER: Final = ("id", "created", "scope", "label")
_LINE: Final = "{:8}  {:25}  {:5}  {}"
"""As wide as ids (8 hex digits), times to the second with their offset, and scopes are."""


@click.group(context_settings={"max_content_width": 100})
def keys() -> None:
    """Create, list and revoke API keys. The API follows within a second.

    To rotate: create a second one, use it everywhere, revoke the first.

    \b
    Example: anirec keys create --label importer --store redis://localhost:6379
    """


@keys.command(short_help="Make a key and print it.", context_settings={"max_content_width": 100})
@click.option("--label", default="", help="Whom it is for.")
@click.option(
    "--scope",
    type=click.Choice(_SCOPES),
    default="write",
    show_default=True,
    help="write: ratings, and private reads; ops: the page /ops. Neither does the other.",
)
@options.store_option
def create(label: str, scope: str, store: str | None) -> None:
    """Make a key and print it: the store keeps only its hash, so this is the one time to see it.

    \b
    Example: anirec keys create --label importer
    """
    from schemas.store import access

    with stores.opened(store) as client:
        made, key = access.create(client, label, datetime.now(UTC), access.Scope(scope))
    use = "sign in with it at /ops" if scope == "ops" else "send it as Authorization: Bearer KEY"
    click.echo(f"id {made.key_id}; {use}", err=True)
    click.echo(key)


@keys.command("list", context_settings={"max_content_width": 100})
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@options.store_option
def list_keys(as_json: bool, store: str | None) -> None:
    """List keys, oldest first, without their secrets.

    \b
    Example: anirec keys list
    """
    from schemas.store import access

    with stores.opened(store) as client:
        found = list(access.everyone(client).values())
    if as_json:
        rows = [asdict(one) for one in found]
        click.echo(json.dumps([{k: v for k, v in row.items() if k != "digest"} for row in rows]))
        return
    if not found:
        click.echo("there are none: nobody can write")
        return
    for row in [_HEADER, *((one.key_id, one.created, one.scope, one.label) for one in found)]:
        click.echo(_LINE.format(*row).rstrip())


@keys.command(short_help="Make a key worthless.", context_settings={"max_content_width": 100})
@click.argument("key_id", metavar="ID")
@options.store_option
def revoke(key_id: str, store: str | None) -> None:
    """Make the key of ID worthless, from the next second on; `anirec keys list` shows ids.

    \b
    Example: anirec keys revoke 1a2b3c4d
    """
    from schemas.store import access

    with stores.opened(store) as client:
        access.revoke(client, key_id)
    click.echo(f"{key_id} is revoked")
