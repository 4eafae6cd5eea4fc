"""The seam to Comet: what trainings and evaluations say, sent by a process of its own.

Comet's library patches others, starts threads, greets on stdout and waits half a minute for a
network that is away. So a run only notes what it has to say, and when it is finished starts
`python -m batch.tracking RECORD`, which alone imports that library. Nothing the sender does can
fail the run; the run waits for it at its very end, and never for longer than it was told.

Both sides are in this one long file: nothing else in the project knows of Comet.
"""

import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from importlib import metadata, util
from math import isfinite
from pathlib import Path
from typing import Any, Final, Protocol

from batch.params import Params
from batch.progress import Progress
from schemas import documents

log = logging.getLogger(__name__)

WAIT_SECONDS: Final = 60.0
"""How much later than otherwise a tracked command may end, its results being out long before."""
_ALONE_SECONDS: Final = 3600
"""A sender whose run was killed gives up after this."""
_PROBE_SECONDS: Final = 3.0
_SENDER: Final = (sys.executable, "-m", "batch.tracking")
_SOURCES: Final = Path(__file__).parents[1]
_IMAGES: Final = frozenset({".png", ".svg"})
_QUIET: Final = {"COMET_DISABLE_ANNOUNCEMENT": "1", "COMET_ERROR_TRACKING_ENABLE": "0"}


class Mode(StrEnum):
    """AUTO: online with a key (COMET_API_KEY), without one an archive that names the model's
    folder. OFFLINE: an archive, with the model in it.
    """

    AUTO = "auto"
    OFFLINE = "offline"
    OFF = "off"


@dataclass(slots=True)
class Experiment:
    """What one training or evaluation has to say; `key` is None where nobody listens.

    `points` are (name, step, value) of curves, `figures` final values, `facts` what is not a
    number; `files` and `model` are paths.
    """

    kind: str
    key: str | None
    parameters: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    points: list[tuple[str, int, float]] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    model: str | None = None

    def following(self, progress: Progress) -> Progress:
        """The same progress, whose finite values become points `stage/name` at step `done`."""

        def report(stage: str, done: int, total: int, /, **values: float) -> None:
            self.points += [
                (f"{stage}/{one}", done, float(v)) for one, v in values.items() if isfinite(v)
            ]
            progress(stage, done, total, **values)

        return report


class Tracker:
    """Starts experiments and has them sent while the run goes on; `close` ends it."""

    def __init__(
        self,
        folder: Path,
        mode: Mode,
        seconds: float = WAIT_SECONDS,
        sender: Sequence[str] = _SENDER,
    ) -> None:
        """`folder` gets the archives, and the records of what could not be sent."""
        self._folder, self._mode, self._seconds = folder.absolute(), mode, seconds
        self._sender = sender
        self._sending: list[_Sending] = []

    def begin(self, kind: str, params: Params, **facts: str) -> Experiment:
        """A new experiment; its key is known at once, whether or not it is ever sent."""
        if self._mode is Mode.OFF:
            return Experiment(kind, None)
        if util.find_spec("comet_ml") is None:
            log.info("this %s is not tracked: comet-ml is not installed", kind)
            return Experiment(kind, None)
        facts = {"anirec": metadata.version("anirec"), "kind": kind} | facts
        return Experiment(kind, uuid.uuid4().hex, asdict(params), facts)

    def finish(self, experiment: Experiment) -> None:
        """Have it sent; returns at once. What goes wrong is logged."""
        if experiment.key is None:
            return
        try:
            self._sending.append(self._send(experiment, self._folder / f"{experiment.key}.json"))
        except (OSError, ValueError) as error:
            log.warning("experiment %s is not tracked: %s", experiment.key, error)

    def _send(self, experiment: Experiment, record: Path) -> "_Sending":
        scratch = record.with_name(f".part-{experiment.key}")
        scratch.mkdir(parents=True, exist_ok=True)
        record.write_text(documents.dump(experiment), encoding="utf-8")
        command = [*self._sender, str(record), self._mode]
        path = os.pathsep.join(filter(None, (str(_SOURCES), os.environ.get("PYTHONPATH"))))
        own = {"TMPDIR": str(scratch), "PYTHONPATH": path}
        with record.with_suffix(".log").open("wb") as messages:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=messages, env=os.environ | own)  # fmt: skip
        return _Sending(record, scratch, process)

    def close(self) -> None:
        """Wait for what is being sent, together no longer than the seconds given at first."""
        deadline = time.monotonic() + self._seconds
        for one in self._sending:
            one.settle(max(0.0, deadline - time.monotonic()))
        self._sending.clear()

    def abandon(self) -> None:
        """Stop what is being sent: somebody wants this process to end now."""
        self._seconds = 0.0
        self.close()


UNTRACKED: Final = Tracker(Path(), Mode.OFF)
"""For runs that nobody tracks; it keeps no state, so it can be everybody's."""


@contextmanager
def tracking(folder: Path, mode: Mode) -> Iterator[Tracker]:
    """A tracker whose experiments are sent, or given up, when the block has ended.

    Whoever interrupts the block, or the waiting, does not wait.
    """
    tracker = Tracker(folder, mode)
    try:
        yield tracker
        tracker.close()
    except Exception:
        tracker.close()
        raise
    finally:
        tracker.abandon()


@dataclass(frozen=True, slots=True)
class _Sending:
    """A sender at work, and the files that are its."""

    record: Path
    scratch: Path
    process: subprocess.Popen[bytes]

    def settle(self, seconds: float) -> None:
        """Wait, kill it if need be, say in one line how it went, and tidy."""
        outcome = self._outcome(seconds)
        shutil.rmtree(self.scratch, ignore_errors=True)
        if outcome:
            log.info("experiment %s %s", self.record.stem, outcome)
            return
        log.warning(
            "experiment %s was not sent, %s says why; `python -m batch.tracking %s` tries again",
            self.record.stem, self.record.with_suffix(".log"), self.record,
        )  # fmt: skip

    def _outcome(self, seconds: float) -> str:
        """The sender's last word; empty if it failed or took too long."""
        with self.process:
            try:
                said, _ = self.process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                return ""
        return said.decode(errors="replace").strip() if self.process.returncode == 0 else ""


class Listener(Protocol):
    """The part of Comet's experiments that is used here, online or offline."""

    def log_parameters(self, parameters: dict[str, Any], /) -> object: ...
    def log_others(self, dictionary: dict[str, str], /) -> object: ...
    def log_metric(self, name: str, value: float, /, step: int | None = None) -> object: ...
    def log_metrics(self, dic: dict[str, float], /) -> object: ...
    def log_image(self, image_data: str, /, name: str) -> object: ...
    def log_asset(self, file_data: str, /, file_name: str) -> object: ...
    def log_model(self, name: str, file_or_folder: str, /, **options: Any) -> object: ...
    def log_remote_model(self, model_name: str, uri: str, /, **options: Any) -> object: ...


def tell(listener: Listener, said: Experiment, *, whole_model: bool) -> None:
    """Log everything; the model itself, or only where it is."""
    listener.log_parameters(said.parameters)
    listener.log_others(said.facts)
    for name, step, value in said.points:
        listener.log_metric(name, value, step=step)
    listener.log_metrics(said.figures)
    for path in map(Path, said.files):
        if path.suffix in _IMAGES:
            listener.log_image(str(path), name=path.name)
        else:
            listener.log_asset(str(path), file_name=path.name)
    if said.model:
        _tell_model(listener, Path(said.model), said.facts, whole_model)


def _tell_model(
    listener: Listener, folder: Path, facts: Mapping[str, str], whole_model: bool
) -> None:
    about = dict(facts)
    if whole_model:
        listener.log_model("anirec", str(folder), prepend_folder_name=False, metadata=about)
    else:
        listener.log_remote_model("anirec", folder.as_uri(), sync_mode=False, metadata=about)


def figures_of(document: object, name: str = "") -> dict[str, float]:
    """Every number in nested mappings, by its path joined with slashes; lists are left out."""
    if isinstance(document, Mapping):
        parts = (
            figures_of(v, f"{name}/{key}" if name else str(key)) for key, v in document.items()
        )
        return {path: value for part in parts for path, value in part.items()}
    numeric = isinstance(document, int | float) and not isinstance(document, bool)
    return {name: float(document)} if numeric else {}  # type: ignore[arg-type]


def main(arguments: Sequence[str]) -> None:
    """Send the record named first; its mode follows, AUTO if it does not."""
    signal.alarm(_ALONE_SECONDS)
    os.nice(10)
    os.environ.update(_QUIET)
    record, mode = Path(arguments[0]).absolute(), Mode(*arguments[1:2] or [Mode.AUTO])
    said = documents.load(Experiment, record.read_bytes())
    with redirect_stdout(sys.stderr):
        outcome = _sent(said, record.parent, mode)
    record.unlink()
    record.with_suffix(".log").unlink(missing_ok=True)
    print(outcome)


def _sent(said: Experiment, folder: Path, mode: Mode) -> str:
    if mode is Mode.AUTO and os.environ.get("COMET_API_KEY"):
        try:
            return _online(said)
        # The one place where anything may go wrong in any way, since the library documents no
        # errors: whatever it was, the archive loses nothing.
        except Exception as error:
            print(f"not online: {type(error).__name__}: {error}", file=sys.stderr)
            return _offline(said, folder, whole_model=True)
    return _offline(said, folder, whole_model=mode is Mode.OFFLINE)


def _online(said: Experiment) -> str:
    probe()
    experiment = _started(said, online=True)
    if not experiment.alive:
        raise ConnectionError("Comet did not take the experiment")
    tell(experiment, said, whole_model=True)
    experiment.end()
    return f"is at {experiment.url}"


def _offline(said: Experiment, folder: Path, *, whole_model: bool) -> str:
    """The archive is made in a folder for temporary files and moved, so it is whole or absent."""
    with tempfile.TemporaryDirectory() as made:
        experiment = _started(said, online=False, offline_directory=made)
        tell(experiment, said, whole_model=whole_model)
        experiment.end()
        archive = Path(shutil.move(f"{made}/{said.key}.zip", folder))
    return f"is in {archive}; `comet upload {archive}` sends it"


def probe() -> None:
    """Raise where Comet is out of reach, long before its own library would give up."""
    from comet_ml import config

    config.get_api_key(None, config.get_config())  # a key may name a server of its own
    try:
        urllib.request.urlopen(config.get_backend_address(), timeout=_PROBE_SECONDS).close()
    except urllib.error.HTTPError as answered:
        answered.close()


def _started(said: Experiment, *, online: bool, **options: str) -> Any:
    """An experiment of Comet's that collects nothing but what it is told."""
    import comet_ml

    return comet_ml.start(
        online=online,
        mode="create",
        experiment_key=said.key,
        project_name=os.environ.get("COMET_PROJECT_NAME", "anirec"),
        experiment_config=comet_ml.ExperimentConfig(
            log_code=False, log_graph=False, parse_args=False, display_summary_level=0,
            log_git_metadata=False, log_git_patch=False, log_env_details=False,
            auto_output_logging=False, auto_param_logging=False,
            auto_metric_logging=False, auto_log_co2=False,
            name=f"{said.kind} {said.facts.get('model', '')}".strip(), tags=[said.kind], **options,
        ),
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
