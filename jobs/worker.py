"""`anirec worker`: lists that change seconds after somebody has rated."""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import click

from jobs import logs, options


@click.command(context_settings={"max_content_width": 100})
@options.store_option
@options.ratings_option
@options.artifacts_option
@click.option(
    "--batch",
    type=click.IntRange(1, 100_000),
    envvar="ANIREC_WORKER_BATCH",
    default=1000,
    show_default=True,
    help="Ratings taken from the stream at once, at most.",
)
@click.option(
    "--gather-ms",
    type=click.IntRange(0, 10_000),
    envvar="ANIREC_WORKER_GATHER_MS",
    default=50,
    show_default=True,
    help="How long a first rating waits for others to be ranked with.",
)
@click.option(
    "--abandoned-seconds",
    type=click.FloatRange(0.1, 86_400),
    envvar="ANIREC_WORKER_ABANDONED_SECONDS",
    default=30.0,
    show_default=True,
    help="After this, what another worker has not finished is taken over.",
)
@click.option(
    "--tries",
    type=click.IntRange(1, 100),
    envvar="ANIREC_WORKER_TRIES",
    default=5,
    show_default=True,
    help="How often a rating is handed out before it becomes a dead letter.",
)
@click.option(
    "--metrics-port",
    type=click.IntRange(1, 65535),
    envvar="ANIREC_WORKER_METRICS_PORT",
    help="Serve Prometheus metrics there, on all addresses.",
)
def worker(
    store: str | None,
    ratings_store: str,
    artifacts: str,
    batch: int,
    gather_ms: int,
    abandoned_seconds: float,
    tries: int,
    metrics_port: int | None,
) -> None:
    """Rank users again who have rated, with the model of the live generation.

    Several of them share the work. SIGTERM ends one once it has finished what it has begun.

    \b
    Example: anirec worker --store redis://localhost:6379 --artifacts var/artifacts
    """
    logs.set_up()
    models = options.local_folder(artifacts, "--artifacts") / "models"
    storage = options.storage_of(artifacts)
    from batch.publish.store import connect
    from batch.worker.reranking import Stores
    from batch.worker.run import Pace, Worker

    pace = Pace(batch, gather_ms, round(abandoned_seconds * 1000), tries)
    with ExitStack() as stack:
        lists = stack.enter_context(connect(stack.enter_context(options.opened_store(store))))
        ratings = stack.enter_context(connect(ratings_store)) if ratings_store else lists
        made = Worker(Stores(lists, ratings), models, _name(), pace, storage=storage)
        stack.enter_context(made.metrics.served(metrics_port))
        lists.ping()  # a store that is away at the start is the caller's business
        made.run(stack.enter_context(_told_to_stop()))


def _name() -> str:
    """Of this process, among all that ever were."""
    return f"{socket.gethostname()}-{os.getpid()}-{os.urandom(4).hex()}"


@contextmanager
def _told_to_stop() -> Iterator[Callable[[], bool]]:
    """Whether SIGTERM or Ctrl-C has come; a second Ctrl-C does not wait."""
    told = threading.Event()

    def tell(number: int, _frame: object) -> None:
        told.set()
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else tell)

    before = {one: signal.signal(one, tell) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield told.is_set
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
