"""`anirec backfill`: chosen users' lists, recomputed with the live model."""

import dataclasses
import json
import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from jobs import logs, options
from schemas.errors import LeaseHeldError

if TYPE_CHECKING:
    from batch.backfill.run import Report, Request
    from batch.backfill.selection import Selection
    from batch.worker.reranking import Stores

_NICENESS: Final = 10
"""Where API and backfill share a machine, the processor is the API's first."""


@click.command(context_settings={"max_content_width": 100})
@click.option("--users", metavar="1,2,3", help="These users.")
@click.option(
    "--users-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Users whose ids are in a file, between commas or white space.",
)
@click.option("--all", "everybody", is_flag=True, help="Everybody.")
@click.option(
    "--since",
    metavar="TIME",
    help="Who has ratings in the stream since then: 2026-11-24T02:00:00Z (UTC unless it says "
    "otherwise), or 90s, 30m, 2h, 3d ago. Ratings that the nightly lists know have left it.",
)
@click.option("--wait", is_flag=True, help="Wait for whoever holds the lease.")
@click.option(
    "--dry-run",
    is_flag=True,
    help="Change nothing: say how many users, about how long, and what the first lists become.",
)
@click.option("--restart", is_flag=True, help="Begin anew where an earlier run was stopped.")
@click.option(
    "--users-per-second",
    type=click.FloatRange(0),
    envvar="ANIREC_BACKFILL_USERS_PER_SECOND",
    default=100.0,
    show_default=True,
    help="No more than these, so that serving does not suffer; 0: as fast as one core can.",
)
@options.store_option
@options.ratings_option
@options.artifacts_option
@options.params_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object about the run.")
def backfill(
    users: str | None,
    users_file: Path | None,
    everybody: bool,
    since: str | None,
    wait: bool,
    dry_run: bool,
    restart: bool,
    users_per_second: float,
    store: str | None,
    ratings_store: str,
    artifacts: str,
    params_file: str | None,
    as_json: bool,
) -> None:
    """Recompute chosen users' lists in what is live, with the model that it was made with.

    Lists that come out as they are served are left alone, and so are those that know more by now.
    Whatever stops it, the same command goes on where it was. It holds the lease of refreshes.

    \b
    Example: anirec backfill --since 2h --store redis://localhost:6379
    """
    logs.set_up()
    models = options.local_folder(artifacts, "--artifacts") / "models"
    storage = options.storage_of(artifacts)
    lease_seconds = options.read_params(params_file).publish.lease_seconds
    from batch.backfill import run
    from batch.publish.store import connect
    from batch.worker.reranking import Stores

    selection = _selection(users, users_file, everybody, since)
    os.nice(_NICENESS)
    request = run.Request(
        selection, models, users_per_second, lease_seconds, wait, restart, storage
    )
    with ExitStack() as stack:
        url = stack.enter_context(options.opened_store(store))
        lists = stack.enter_context(connect(url))
        ratings = stack.enter_context(connect(ratings_store)) if ratings_store else lists
        stores = Stores(lists, ratings)
        if dry_run:
            report = run.dry_run(stores, request)
        else:
            report = _recorded(url, models.parent, stores, request)
    click.echo(json.dumps(dataclasses.asdict(report)) if as_json else _sentence(report))
    if report.lists["failed"]:
        raise click.ClickException(f"{report.lists['failed']} lists failed, as the log says")


def _recorded(url: str, artifacts: Path, stores: "Stores", request: "Request") -> "Report":
    from batch.backfill import run
    from jobs.display import progress_display
    from jobs.recording import recorded

    with (
        recorded("backfill", url, artifacts, storage=request.storage) as recorder,
        progress_display() as progress,
    ):
        try:
            report = run.backfill(stores, request, progress)
        except LeaseHeldError as held:
            raise LeaseHeldError(
                f"{held} holds the lease: wait for it with --wait, or try again later"
            ) from held
        recorder.note(
            generation=" ".join(report.generations),
            counts={"users": report.users, **report.lists},
            seconds={"total": report.seconds},
        )
        return report


def _selection(
    users: str | None, users_file: Path | None, everybody: bool, since: str | None
) -> "Selection":
    from batch.backfill.selection import Everybody, read_since, read_users

    chosen = [users is not None, users_file is not None, everybody, since is not None]
    if sum(chosen) != 1:
        raise click.UsageError("one of --users, --users-file, --all and --since is needed")
    if users is not None:
        return read_users(users, "--users")
    if users_file is not None:
        return read_users(
            users_file.read_text(encoding="utf-8", errors="replace"), f"--users-file {users_file}"
        )
    return read_since(since) if since is not None else Everybody()


def _sentence(report: "Report") -> str:
    lists = ", ".join(
        f"{count} {fate.replace('_', ' ')}" for fate, count in report.lists.items() if count
    )
    where = " and ".join(report.generations)
    rest = " still to do" if report.resumed else ""
    if report.dry_run:
        return (
            f"{where}: {report.users} users{rest}, about {report.seconds:.0f} s; "
            f"of the first of them: {lists or 'nobody'}"
        )
    return f"{where}: {report.users} users{rest}: {lists or 'nobody'}; {report.seconds} s"
