"""`anirec refresh`: the main job."""

import dataclasses
import json
import logging
from typing import TYPE_CHECKING

import click

from jobs import logs, options
from schemas.errors import LeaseHeldError
from schemas.runs import Outcome

if TYPE_CHECKING:
    from batch.publish.models import Production, Registered
    from batch.refresh import Report

log = logging.getLogger(__name__)


@click.command(context_settings={"max_content_width": 100})
@options.data_option
@options.store_option
@options.ratings_option
@options.artifacts_option
@click.option(
    "--train",
    "when",
    type=click.Choice(["auto", "always", "never"]),
    envvar="ANIREC_TRAIN",
    default="auto",
    show_default=True,
    help="auto trains only where data, settings or code have changed.",
)
@options.params_option
@options.tracking_option
@options.runner_option
@options.trigger_option
@click.option(
    "--deadline",
    type=click.FloatRange(min=0, min_open=True),
    envvar="ANIREC_DEADLINE_SECONDS",
    metavar="SECONDS",
    help="After so long it stops by itself, with exit code 3; another run goes on from there.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object about the run.")
@options.runner_arguments
def refresh(
    data: str,
    store: str | None,
    ratings_store: str,
    artifacts: str,
    when: str,
    params_file: str | None,
    tracking: str,
    runner: str,
    trigger: str,
    deadline: float | None,
    as_json: bool,
    runner_options: tuple[str, ...],
) -> None:
    """Read the data, train or reload the model, rank for everybody, publish.

    The lists are written beside the live ones and checked before they take over; a run that
    fails changes nothing.

    \b
    Example: anirec refresh --data data/ --store redis://localhost:6379
    """
    logs.set_up()
    from batch.deadline import Deadline

    until = Deadline(deadline)
    folder = options.local_folder(data, "--data")
    models = options.local_folder(artifacts, "--artifacts")
    storage = options.storage_of(artifacts, data)
    params = options.read_params(params_file)
    from batch.model_choice import Train
    from batch.refresh import Request
    from batch.refresh import refresh as run
    from jobs.display import progress_display
    from jobs.recording import recorded

    engine = options.engine_for(runner, runner_options)
    with options.tracked(tracking, models, storage) as tracker:
        with (
            options.opened_store(store) as url,
            recorded("refresh", url, models, trigger, storage) as recorder,
            progress_display() as progress,
        ):
            # Before the lease, whose holder would hide it; within the record, so that it is told.
            options.require_data(data)
            request = Request(folder, url, models, Train(when), params, engine, tracker,
                              ratings_store, storage, until)  # fmt: skip
            try:
                report = run(request, progress, recorder.note)
            except LeaseHeldError as held:
                recorder.note(outcome=Outcome.SKIPPED, message=f"the lease is held: {held}")
                click.echo(_skipped(str(held), as_json))
                return
            recorder.note(**noted(report))
            registered = _registered(url)
        document = dataclasses.asdict(report)
        click.echo(json.dumps(document) if as_json else _sentence(report.generation, document))
    _tell_registry(*registered)


def _registered(store: str) -> "tuple[list[Registered], Production]":
    from batch.publish.models import Models
    from batch.publish.store import connect

    with connect(store) as client:
        return Models(client).records(), Models(client).production()


def _tell_registry(records: "list[Registered]", production: "Production") -> None:
    """Copy the registry to Comet's, now that what the training has logged is there."""
    from batch.comet_registry import push

    outcome = push(records, production)
    if outcome:
        log.info(outcome)


def noted(report: "Report") -> dict[str, object]:
    """What a run's record says of a refresh that was done."""
    counted = ("users", "anime", "rows", "rejected", "peak_rss_bytes")
    named = ("generation", "dataset", "model", "trained", "reason", "seconds")
    facts: dict[str, object] = {name: getattr(report, name) for name in named}
    return facts | {"counts": {name: getattr(report, name) for name in counted}}


def _skipped(holder: str, as_json: bool) -> str:
    reason = f"another refresh is running: {holder}"
    return json.dumps({"generation": None, "reason": reason}) if as_json else reason


def _sentence(generation: str, done: dict[str, object]) -> str:
    seconds = done["seconds"]
    assert isinstance(seconds, dict)
    trained = "trained" if done["trained"] else "reloaded"
    return (
        f"{generation} is live: {done['users']} users, {done['anime']} anime, {done['rows']} rows, "
        f"{done['rejected']} rejected; model {done['model']} {trained} ({done['reason']}); "
        f"{seconds['total']} s"
    )
