"""Options that several commands share, and what they turn into."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from jobs.embedded import embedded_redis
from schemas.errors import SettingsError, TryAgainError

if TYPE_CHECKING:
    from batch.engine import Engine
    from batch.params import Params
    from batch.storage.remote import Remote
    from batch.storage.storage import Storage
    from batch.tracking import Tracker

log = logging.getLogger(__name__)

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
    help="Folder for data sets and models, local or gs://BUCKET/FOLDER.",
)
data_option = click.option(
    "--data",
    metavar="URI",
    envvar="ANIREC_DATA",
    required=True,
    help="Folder with anime and ratings in a Kaggle layout, local or gs://BUCKET/FOLDER.",
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
    """The folder that an option names, or the one under var/ that stands for one in a bucket.

    Raises:
        SettingsError: it names something else.
    """
    scheme, found, rest = uri.partition("://")
    if not found:
        return Path(uri)
    if scheme != "gs" or not rest.strip("/") or ".." in rest.split("/"):
        raise SettingsError(f"{option} must be a local folder or gs://BUCKET/FOLDER, got {uri}")
    return VAR / "cache" / option.strip("-") / rest.strip("/")


def existing_folder(path: str, option: str) -> Path:
    """A folder of this machine.

    Raises:
        SettingsError: there is none.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise SettingsError(f"{option} must be a folder of this machine, got {path}")
    return folder


def require_data(uri: str) -> None:
    """Refuse --data that names no folder; one in a bucket is looked at when it is fetched.

    Raises:
        SettingsError: there is no such folder. (What lies in a folder is refused as data.)
    """
    if not is_remote(uri) and not Path(uri).is_dir():
        raise SettingsError(f"there is no folder {uri}: --data must name one")


def is_remote(uri: str) -> bool:
    """Whether a URI names a folder in a bucket."""
    return "://" in uri


def remote_folder(uri: str) -> "Remote | None":
    """A folder in a bucket; None for one of this machine.

    Raises:
        SettingsError: no credentials, or the client for Google's services is not installed.
    """
    if not is_remote(uri):
        return None
    with needs_cloud(uri):
        from batch.storage.google import open_folder
    return open_folder(uri)


@contextmanager
def needs_cloud(what: str) -> Iterator[None]:
    """Say what to install where the clients for Google's services are missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise SettingsError(f"{what} needs the extra `cloud`: {error}") from error


def storage_of(artifacts: str, data: str = "") -> "Storage":
    """Where the folders of these two options come from and go to."""
    from batch.storage.storage import Storage

    folder = local_folder(artifacts, "--artifacts")
    return Storage(folder, remote_folder(artifacts), remote_folder(data))


def fetch_folder(folder: Path, uri: str) -> None:
    """Have the artifact that an option names in its local folder.

    Raises:
        SettingsError: there is no such artifact in the bucket.
    """
    remote = remote_folder(uri)
    if remote is None:
        return
    from batch.storage import whole

    if not whole.fetch(remote, "", folder):
        raise SettingsError(f"{uri} holds no complete data set")


def keep_folder(folder: Path, uri: str) -> None:
    """Upload what was written to a local folder that stands for one in a bucket."""
    remote = remote_folder(uri)
    if remote is not None:
        from batch.storage import whole

        whole.publish(remote, folder, "")


def read_params(path: str | None) -> "Params":
    """The parameters of a file, by default of params.yaml in the current folder."""
    from batch import params

    if path is None and Path("params.yaml").is_file():
        path = "params.yaml"
    return params.load(Path(path) if path else None)


@contextmanager
def tracked(mode: str, artifacts: Path, storage: "Storage | None" = None) -> Iterator["Tracker"]:
    """Where trainings and evaluations are told to; sent, or archived, by the end of the block."""
    from batch.tracking import Mode, tracking

    try:
        with tracking(artifacts / "experiments", Mode(mode)) as tracker:
            yield tracker
    finally:
        if storage:
            _keep_experiments(storage)


def _keep_experiments(storage: "Storage") -> None:
    """In the bucket, where there is one; a fault there changes nothing of the run."""
    try:
        storage.add_files("experiments")
    except TryAgainError as error:
        log.warning("experiments were not kept: %s", error)


def engine_for(runner: str, options: tuple[str, ...]) -> "Engine":
    """The Beam runner that was asked for."""
    from batch.engine import Engine

    return Engine(runner, options)
