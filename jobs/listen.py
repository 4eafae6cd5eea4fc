"""`anirec listen`: refresh when a data set was announced."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

from jobs import logs, options
from jobs.exit_codes import MISUSED, REFUSED, TRY_AGAIN, exit_code_of

if TYPE_CHECKING:
    from batch.listening.events import Event, Source
    from batch.listening.listener import Listener, Verdict
    from batch.refresh import Request

log = logging.getLogger(__name__)

_WAIT_SECONDS: Final = 20.0
_DEAD_LETTERS: Final = "--dead-letter-topic"


@click.command(context_settings={"max_content_width": 100})
@click.option(
    "--subscription",
    metavar="NAME",
    envvar="ANIREC_SUBSCRIPTION",
    help="Pub/Sub subscription of a bucket's notifications: projects/P/subscriptions/S.",
)
@click.option(
    "--folder",
    metavar="DIR",
    envvar="ANIREC_LISTEN_FOLDER",
    help="Watch a local folder instead.",
)
@click.option(
    "--below",
    metavar="URI",
    envvar="ANIREC_LISTEN_BELOW",
    default="",
    help="Only data sets at or below this gs:// address count.",
)
@click.option(
    _DEAD_LETTERS,
    "dead_letters",
    metavar="NAME",
    envvar="ANIREC_DEAD_LETTER_TOPIC",
    default="",
    help="Where events go that are given up, with the reason: projects/P/topics/T.",
)
@click.option(
    "--tries",
    type=click.IntRange(1, 100),
    envvar="ANIREC_LISTEN_TRIES",
    default=5,
    show_default=True,
    help="How often a refresh may fail before its event is given up.",
)
@click.option("--once", is_flag=True, help="Work on one event, if there is one, and end.")
@click.option(
    "--wait",
    "wait_seconds",
    type=click.FloatRange(0.1, 3600),
    envvar="ANIREC_LISTEN_WAIT",
    default=_WAIT_SECONDS,
    show_default=True,
    help="How long --once waits for an event, in seconds.",
)
@options.store_option
@options.ratings_option
@options.artifacts_option
@options.params_option
@options.tracking_option
@options.runner_option
@options.runner_arguments
def listen(
    subscription: str | None,
    folder: str | None,
    below: str,
    dead_letters: str,
    tries: int,
    once: bool,
    wait_seconds: float,
    store: str | None,
    ratings_store: str,
    artifacts: str,
    params_file: str | None,
    tracking: str,
    runner: str,
    runner_options: tuple[str, ...],
) -> None:
    """Refresh whenever a data set is announced, each announcement once.

    `anirec announce` announces. An event that fails comes again later; one whose data are
    refused, or that has failed too often, becomes a dead letter. SIGTERM gives back what is
    unfinished.

    \b
    Example: anirec listen --subscription projects/p/subscriptions/data --artifacts gs://b/anirec
             anirec listen --folder incoming/
    """
    logs.set_up()
    if bool(subscription) == bool(folder):
        raise click.UsageError("--subscription or --folder is needed, and not both")
    if folder and dead_letters:
        raise click.UsageError(f"{_DEAD_LETTERS} goes with --subscription")
    params = options.read_params(params_file)
    from batch.listening.listener import Listener
    from batch.listening.memory import Memory
    from batch.publish.store import connect
    from batch.refresh import Request
    from schemas.store.control import Control

    source = _source(subscription, folder, below, dead_letters)
    engine = options.engine_for(runner, runner_options)
    models = options.local_folder(artifacts, "--artifacts")

    def work(event: "Event") -> None:
        storage = options.storage_of(artifacts, event.data)
        data = options.local_folder(event.data, "--data")
        with options.tracked(tracking, models, storage) as tracker:
            request = Request(data, url, models, params=params, engine=engine, tracker=tracker,
                              ratings=ratings_store, storage=storage)  # fmt: skip
            _refresh(request)

    with options.opened_store(store) as url, connect(url) as client:
        client.ping()  # a store that is away at the start is the caller's business
        listener = Listener(source, Memory(client), work, _is_current, Control(client).reading,
                            _verdict, tries)  # fmt: skip
        with _ends_when_idle(listener):
            log.info("listening to %s", subscription or folder)
            if not once:
                listener.run(_WAIT_SECONDS)
            elif not listener.once(wait_seconds):
                click.echo("no data set was announced")


def _refresh(request: "Request") -> None:
    from batch.refresh import refresh
    from jobs.display import progress_display
    from jobs.recording import recorded
    from jobs.refresh import noted

    with (
        recorded(
            "refresh", request.store, request.artifacts, "data set", request.storage
        ) as recorder,
        progress_display() as progress,
    ):
        report = refresh(request, progress, recorder.note)
        recorder.note(**noted(report))
    log.info("%s is live: %d users, %d rows", report.generation, report.users, report.rows)


def _source(subscription: str | None, folder: str | None, below: str, dead: str) -> "Source":
    if subscription:
        with options.needs_cloud("--subscription"):
            from batch.listening.pubsub import Subscription
        return Subscription(subscription, dead, below)
    from batch.listening.folder import WatchedFolder

    return WatchedFolder(options.existing_folder(folder or "", "--folder"))


def _is_current(event: "Event") -> bool:
    """Whether nobody has announced anything else there since."""
    from batch.storage.data import current_version

    folder = options.local_folder(event.data, "--data")
    return current_version(options.remote_folder(event.data), folder) == event.version


def _verdict(error: BaseException) -> "Verdict":
    from batch.listening.listener import Verdict

    known = {TRY_AGAIN: Verdict.PASSING, REFUSED: Verdict.REFUSED, MISUSED: Verdict.MISUSED}
    return known.get(exit_code_of(error) or 0, Verdict.FAILED)


@contextmanager
def _ends_when_idle(listener: "Listener") -> Iterator[None]:
    """Being stopped is a good end, but for a refresh that was cut short."""
    try:
        yield
    except KeyboardInterrupt:
        if listener.busy:
            raise
        log.info("stopped")
