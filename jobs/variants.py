"""`anirec variants`: an A/B test of two generations."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from jobs import options
from schemas.records import Generation

if TYPE_CHECKING:
    from schemas.pointer import Pointer
    from schemas.store.retention import Retention

_NAMES = "ab"


@click.group(context_settings={"max_content_width": 100})
def variants() -> None:
    """Serve two generations by shares; answers name their `variant`, a or b.

    A user keeps the variant for as long as the test runs, also when the share of b grows. The
    next refresh that flips ends a test, as does a rollback.

    \b
    Example: anirec variants set 20261124T020000Z --share 0.1
    """


@variants.command("set", context_settings={"max_content_width": 100})
@click.argument("generation")
@click.option("--share", type=float, default=0.5, show_default=True,
              help="Part of all users that b serves, above 0 and below 1.")  # fmt: skip
@options.store_option
@options.params_option
def set_(generation: str, share: float, store: str | None, params_file: str | None) -> None:
    """Make GENERATION variant b, beside the live one, which is a.

    \b
    Example: anirec variants set 20261124T020000Z --share 0.1
    """
    from schemas.store.variants import split

    with _retention(store, params_file) as retention:
        after = _audited(
            retention, f"give {share:.1%} to {generation}",
            lambda: split(retention, Generation(generation), share, datetime.now(UTC)),
        )  # fmt: skip
    click.echo(_sentence(after))


@variants.command(
    short_help="Say what serves, in which shares.", context_settings={"max_content_width": 100}
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@options.store_option
@options.params_option
def show(as_json: bool, store: str | None, params_file: str | None) -> None:
    """Say what serves in which shares, and how many answers named each variant.

    \b
    Example: anirec variants show
    """
    from schemas.store.variants import exposure, live

    with _retention(store, params_file) as retention:
        found, counts = live(retention), exposure(retention.control.client)
    if as_json:
        shares = {one.generation: one.share for one in found.live}
        click.echo(json.dumps({"live": shares, "exposure": counts}))
        return
    click.echo(_sentence(found))
    for name, count in counts.items():
        click.echo(f"{name}: {count} answers")


@variants.command(context_settings={"max_content_width": 100})
@click.argument("generation", required=False)
@options.store_option
@options.params_option
def end(generation: str | None, store: str | None, params_file: str | None) -> None:
    """Let GENERATION, by default variant a, serve everybody again.

    \b
    Example: anirec variants end 20261124T020000Z
    """
    from schemas.store.variants import end as stop

    kept = Generation(generation) if generation else None
    with _retention(store, params_file) as retention:
        after = _audited(
            retention, f"end the test for {kept or 'a'}",
            lambda: stop(retention, kept, datetime.now(UTC)),
        )  # fmt: skip
    click.echo(_sentence(after))


@contextmanager
def _retention(store: str | None, params_file: str | None) -> Iterator["Retention"]:
    from batch.publish.store import connect
    from schemas.store.control import Control
    from schemas.store.register import Register
    from schemas.store.retention import Retention

    kept = options.read_params(params_file).publish
    with options.opened_store(store) as url, connect(url) as client:
        yield Retention(Control(client), Register(client), kept.superseded_hours)


def _audited(retention: "Retention", what: str, do: Callable[[], "Pointer"]) -> "Pointer":
    from batch.publish.lease import holder_name
    from schemas.store.audit import audited

    return audited(retention.control.client, holder_name("variants"), what, do)


def _sentence(found: "Pointer") -> str:
    if len(found.live) == 1:
        return f"{found.live[0].generation} serves everybody"
    parts = (
        f"{name}: {one.generation} serves {one.share:.1%}"
        for name, one in zip(_NAMES, found.live, strict=True)
    )
    return "; ".join(parts)
