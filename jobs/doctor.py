"""`anirec doctor`: is everything in order, and if not, what to do."""

import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from jobs import options, stores
from jobs.exit_codes import FAILED, MISUSED, TRY_AGAIN
from schemas.errors import SettingsError, TryAgainError
from schemas.store.checks.findings import MOST_HOURS

if TYPE_CHECKING:
    from schemas.store.checks.findings import Finding

_WIDE: Final = 160
"""Columns of a table where no terminal says how many there are: nothing is cut."""
_COLOURS: Final = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command(context_settings={"max_content_width": 100})
@options.store_option
@options.ratings_option
@options.artifacts_option
@options.params_option
@click.option(
    "--max-age-hours",
    type=click.FloatRange(0),
    envvar="ANIREC_MAX_AGE_HOURS",
    default=MOST_HOURS,
    show_default=True,
    help="Warn where what is live is older.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(
    store: str | None,
    ratings_store: str,
    artifacts: str,
    params_file: str | None,
    max_age_hours: float,
    as_json: bool,
) -> None:
    """Check settings, stores, what is live, its model, ratings, disk. Changes nothing.

    Ends with 0 where nothing fails, 2 where settings cannot be used, 3 where a store is away, else
    with 1.

    \b
    Example: anirec doctor --store redis://localhost:6379 --artifacts var/artifacts
    """
    found = [_read_params(params_file)]
    found += _examined(store, ratings_store, artifacts, max_age_hours)
    _show(found, as_json)
    sys.exit(_code(found))


def _read_params(params_file: str | None) -> "Finding":
    from schemas.store.checks.findings import Kind, fail, ok, warn

    try:
        options.read_params(params_file)
    except ModuleNotFoundError as error:
        return warn("settings", f"parameters were not read: {error}", "install the extra `batch`")
    except (SettingsError, OSError) as error:
        return fail("settings", str(error), "correct the file of --params", Kind.SETTINGS)
    return ok("settings", f"parameters of {params_file or 'params.yaml, or defaults'}")


def _examined(
    store: str | None, ratings_store: str, artifacts: str, max_age_hours: float
) -> "list[Finding]":
    from batch.doctor.run import examine
    from schemas.store.checks.findings import Kind, fail

    try:
        with ExitStack() as stack:
            lists = stack.enter_context(stores.opened(store))
            ratings = (
                stack.enter_context(stores.connected(ratings_store)) if ratings_store else lists
            )
            return list(examine(lists, ratings, artifacts, max_age_hours))
    except SettingsError as error:
        return [fail("settings", str(error), "correct the option or variable", Kind.SETTINGS)]
    except TryAgainError as error:
        return [fail("store", str(error), "try again", Kind.STORE)]


def _show(found: "Sequence[Finding]", as_json: bool) -> None:
    from schemas.store.checks.findings import worst

    if as_json:
        checks = [{name: value for name, value in asdict(one).items() if name != "kind"}
                  for one in found]  # fmt: skip
        click.echo(json.dumps({"verdict": worst(found), "checks": checks}))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("check", "", "found", "what to do")
    for one in found:
        colour = _COLOURS[one.verdict]
        table.add_row(one.check, f"[{colour}]{one.verdict}[/]", _plain(one.said), _plain(one.todo))
    Console(width=None if Console().is_terminal else _WIDE).print(table)


def _plain(text: str) -> str:
    """Brackets in what others have said are no markup."""
    from rich.markup import escape

    return escape(text)


def _code(found: "Sequence[Finding]") -> int:
    from schemas.store.checks.findings import Kind, Verdict

    kinds = {one.kind for one in found if one.verdict is Verdict.FAIL}
    if Kind.SETTINGS in kinds:
        return MISUSED
    if Kind.STORE in kinds:
        return TRY_AGAIN
    return FAILED if kinds else 0
