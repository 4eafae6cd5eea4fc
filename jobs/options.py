"""Options that several commands share, and what they turn into."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from jobs.embedded import embedded_redis
from schemas.errors import SettingsError

if TYPE_CHECKING:
    from batch.engine import Engine
    from batch.params import Params
    from batch.tracking import Tracker

VAR: Final = Path("var")
"""Where everything local lives: the embedded store, data sets, models, the demo's files."""

store_option = click.option(
    "--store",
    metavar="URL",
    envvar="ANIREC_STORE",
    help="Redis, as redis://HOST:6379/0. Without it an embedded one under var/ is used.",
)
ratings_option = click.option(
    "--ratings-store",
    metavar="URL",
    envvar="ANIREC_RATINGS_STORE",
    default="",
    help="Redis that keeps ratings, where it is not the one of --store.",
)
artifacts_option = click.option(
    "--artifacts",
    metavar="URI",
    envvar="ANIREC_ARTIFACTS",
    default=str(VAR / "artifacts"),
    show_default=True,
    help="Folder for data sets and models.",
)
data_option = click.option(
    "--data",
    metavar="URI",
    envvar="ANIREC_DATA",
    required=True,
    help="Folder with anime and ratings in a Kaggle layout.",
)
params_option = click.option(
    "--params",
    "params_file",
    metavar="FILE",
    envvar="ANIREC_PARAMS",
    help="Tuning; params.yaml in the current folder if there is one.",
)
tracking_option = click.option(
    "--tracking",
    type=click.Choice(["auto", "offline", "off"]),
    envvar="ANIREC_TRACKING",
    default="auto",
    show_default=True,
    help="auto: Comet with COMET_API_KEY, else an archive; offline: an archive; off: nothing.",
)
runner_option = click.option(
    "--runner",
    metavar="NAME",
    envvar="ANIREC_RUNNER",
    default="FnApiRunner",
    show_default=True,
    help="Beam runner; options for it follow after --.",
)
trigger_option = click.option(
    "--trigger",
    metavar="NAME",
    envvar="ANIREC_TRIGGER",
    default="manual",
    show_default=True,
    help="Who asked for this run, for its record: nightly, data set, ...",
)
runner_arguments = click.argument(
    "runner_options", nargs=-1, type=click.UNPROCESSED, metavar="[-- RUNNER_OPTION...]"
)


@contextmanager
def opened_store(url: str | None) -> Iterator[str]:
    """The address of the store that was asked for, or of an embedded one while the block runs.

    Raises:
        SettingsError: no store was given and ANIREC_EMBEDDED=0 forbids an embedded one.
    """
    if url:
        yield url
        return
    if os.environ.get("ANIREC_EMBEDDED") == "0":
        raise SettingsError("no store: set --store or ANIREC_STORE (ANIREC_EMBEDDED=0)")
    with embedded_redis(VAR) as address:
        yield address


def local_folder(uri: str, option: str) -> Path:
    """A folder from an option that takes a URI.

    Raises:
        SettingsError: it names something that is not on this machine.
    """
    if "://" in uri:
        raise SettingsError(f"{option} must be a local folder so far, got {uri}")
    return Path(uri)


def read_params(path: str | None) -> "Params":
    """The parameters of a file, by default of params.yaml in the current folder."""
    from batch import params

    if path is None and Path("params.yaml").is_file():
        path = "params.yaml"
    return params.load(Path(path) if path else None)


def tracked(mode: str, artifacts: Path) -> AbstractContextManager["Tracker"]:
    """Where trainings and evaluations are told to; sent by the end of the block."""
    from batch.tracking import Mode, tracking

    return tracking(artifacts / "experiments", Mode(mode))


def engine_for(runner: str, options: tuple[str, ...]) -> "Engine":
    """The Beam runner that was asked for."""
    from batch.engine import Engine

    return Engine(runner, options)
