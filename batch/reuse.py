"""Whether a saved model can be used again: decided by its manifest, never by its existence."""

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from batch import artifacts
from batch.fingerprints import code_of, fingerprint
from batch.params import Params
from schemas.errors import PayloadError
from schemas.manifests import ModelManifest

log = logging.getLogger(__name__)

_NOT_TRAINED_BY: Final = frozenset(
    {
        "backfill",
        "comet_registry.py",
        "dataset_choice.py",
        "deadline.py",
        "doctor",
        "evaluation",
        "ingest",
        "insights",
        "listening",
        "monitoring",
        "pruning.py",
        "publish",
        "ratings",
        "refresh.py",
        "run_files.py",
        "sample",
        "storage",
        "tracking.py",
        "worker",
    }
)
"""Parts of batch that cannot change a model: what ingest makes has a hash of its own."""
_MEASURES: Final = frozenset({Path("evaluation/__init__.py"), Path("evaluation/metrics.py")})
"""All of evaluation that training runs through."""
_LIBRARIES: Final = ("keras", "numpy", "scipy", "tensorflow", "tensorflow-cpu")
_TRAINED_WITH: Final = ("strengths", "validation", "linear", "people", "content", "ranker")


@dataclass(frozen=True, slots=True)
class Identity:
    """What a model is made from: fingerprints of data, settings and code."""

    dataset: str
    settings: str
    code: str

    @property
    def model(self) -> str:
        """A name for the model, the same for the same three."""
        return fingerprint(f"{self.dataset} {self.settings} {self.code}".encode())


def identity(dataset: str, params: Params) -> Identity:
    """The identity that a model trained now would have."""
    return Identity(dataset, settings_fingerprint(params), code_fingerprint())


def settings_fingerprint(params: Params) -> str:
    """Changes with any setting that training reads, and with no other."""
    sections = {name: asdict(getattr(params, name)) for name in _TRAINED_WITH}
    return fingerprint(json.dumps(sections, sort_keys=True).encode())


def code_fingerprint() -> str:
    """Changes with any source file or library that training may run through."""
    return code_of(source_files(), _LIBRARIES)


def source_files() -> list[Path]:
    """Our own files that count, sorted."""
    here = Path(__file__).parent
    ours = [one for one in here.rglob("*.py") if _counts(one.relative_to(here))]
    return sorted([*ours, *(here.parent / "schemas").glob("*.p[xy]*")])


def models_in(folder: Path) -> Iterator[tuple[Path, ModelManifest]]:
    """Finished models in a folder of models, newest first."""
    found = [path for path in folder.glob("*/") if (path / artifacts.MANIFEST).is_file()]
    for path in sorted(found, key=lambda one: (one / artifacts.MANIFEST).stat().st_mtime)[::-1]:
        try:
            manifest = artifacts.read_manifest(path)
        except PayloadError as error:
            log.warning("model %s is of another version, it is left alone: %s", path.name, error)
            continue
        if manifest is not None:
            yield path, manifest


def why_not(manifest: ModelManifest, wanted: Identity) -> str:
    """Why a model cannot stand in for the wanted one; empty if it can."""
    changed = [
        name
        for name in ("dataset", "settings", "code")
        if getattr(manifest, name) != getattr(wanted, name)
    ]
    return f"{' and '.join(changed)} changed" if changed else ""


def _counts(path: Path) -> bool:
    return path in _MEASURES or path.parts[0] not in _NOT_TRAINED_BY
