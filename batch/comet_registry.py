"""Comet's model registry as a copy of ours, made by a process of its own (decision 8).

`push` starts `python -m batch.comet_registry`, which alone imports Comet's library, and tells it
all that is registered. Doing it again changes nothing, so whatever was missed is made up for.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import asdict
from importlib import util
from pathlib import Path
from typing import Any, Final, Protocol

from batch.publish.models import Production, Registered
from batch.tracking import probe

NAME: Final = "anirec"
_TAG: Final = "production"
_SECONDS: Final = 120.0
_SENDER: Final = (sys.executable, "-m", "batch.comet_registry")
_SOURCES: Final = Path(__file__).parents[1]


class Shelf(Protocol):
    """One registered model of Comet's, and its versions."""

    def versions(self) -> Mapping[str, bool]:
        """Each version, and whether it is tagged as the one in production."""

    def register(self, version: str, experiment: str, metadata: dict[str, Any]) -> bool:
        """Of the model that a training has logged; whether Comet knows that training."""

    def tag(self, version: str) -> None: ...
    def untag(self, version: str) -> None: ...


def push(
    records: Iterable[Registered], production: Production, seconds: float = _SECONDS
) -> str | None:
    """Copy the registry to Comet; returns how it went, None where nobody listens.

    Nothing that goes wrong there is an error here.
    """
    if not os.environ.get("COMET_API_KEY") or util.find_spec("comet_ml") is None:
        return None
    told = [asdict(one) | {"stage": production.stage(one.model)} for one in records]
    path = os.pathsep.join(filter(None, (str(_SOURCES), os.environ.get("PYTHONPATH"))))
    quiet = {"COMET_DISABLE_ANNOUNCEMENT": "1", "COMET_ERROR_TRACKING_ENABLE": "0"}
    try:
        done = subprocess.run(
            _SENDER, input=json.dumps(told), env=os.environ | quiet | {"PYTHONPATH": path},
            capture_output=True, text=True, check=False, timeout=seconds,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"Comet's model registry did not answer within {seconds:.0f} s"
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["no reason was given"])[-1]
        return f"Comet's model registry was not told: {why}"
    return done.stdout.strip()


def copy(shelf: Shelf, told: Iterable[Mapping[str, Any]]) -> str:
    """Make Comet's registry say what ours says; models that were not tracked are left out."""
    tracked = [one for one in told if one["experiment"]]
    there = dict(shelf.versions())
    there |= dict.fromkeys(_registered(shelf, tracked, there), False)
    wanted = {version_of(one["version"]) for one in tracked if one["stage"] == _TAG}
    for version in sorted(v for v, tagged in there.items() if tagged and v not in wanted):
        shelf.untag(version)
    for version in sorted(v for v, tagged in there.items() if not tagged and v in wanted):
        shelf.tag(version)
    waiting = sum(version_of(one["version"]) not in there for one in tracked)
    later = f"; {waiting} wait until the archive of their training is uploaded" if waiting else ""
    return f"Comet's model registry has {len(there)} versions{later}"


def _registered(
    shelf: Shelf, tracked: Iterable[Mapping[str, Any]], there: Mapping[str, bool]
) -> Iterator[str]:
    """Versions that Comet did not have and now has."""
    for one in tracked:
        version = version_of(one["version"])
        if version not in there and shelf.register(version, one["experiment"], _metadata(one)):
            yield version


def version_of(number: int) -> str:
    """A version of ours as Comet wants it."""
    return f"{number}.0.0"


def _metadata(one: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("model", "dataset", "generation", "published")
    return {name: one[name] for name in kept} | dict(one["metrics"])


class CometShelf:
    """The registered model of this project's name in a workspace of Comet's."""

    def __init__(self) -> None:
        import comet_ml

        self._api = comet_ml.API()
        self._workspace = os.environ.get("COMET_WORKSPACE") or self._api.get_default_workspace()

    def versions(self) -> Mapping[str, bool]:
        """Each version, and whether it is tagged as the one in production."""
        if NAME not in self._api.get_registry_model_names(self._workspace):
            return {}
        model = self._api.get_model(self._workspace, NAME)
        tagged = set(model.find_versions(tag=_TAG))
        return {version: version in tagged for version in model.find_versions()}

    def register(self, version: str, experiment: str, metadata: dict[str, Any]) -> bool:
        """Of the model that a training has logged; whether Comet knows that training."""
        found = self._api.get_experiment_by_key(experiment)
        if found is None:
            return False
        found.register_model(NAME, version=version, registry_name=NAME, metadata=metadata)
        return True

    def tag(self, version: str) -> None:
        """Say that a version is in production."""
        self._api.get_model(self._workspace, NAME).add_tag(version, _TAG)

    def untag(self, version: str) -> None:
        """Say that a version is no longer in production."""
        self._api.get_model(self._workspace, NAME).delete_tag(version, _TAG)


def main() -> None:
    """Copy what stands on stdin."""
    told = json.load(sys.stdin)
    with redirect_stdout(sys.stderr):
        probe()
        outcome = copy(CometShelf(), told)
    print(outcome)


if __name__ == "__main__":
    main()
