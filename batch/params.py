"""The knobs of a refresh: defaults, and how params.yaml overrides them."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeGuard

from schemas.errors import SettingsError
from schemas.neighbours_codec import MAX_NEIGHBOURS
from schemas.ranking_codec import MAX_ENTRIES, MAX_REASONS
from schemas.strengths import RATED_PREFIX


@dataclass(frozen=True, slots=True)
class IngestParams:
    reject_share: float = 0.05


@dataclass(frozen=True, slots=True)
class StrengthParams:
    rating_power: float = 2.0
    unscored: float = 0.35
    dropped: float = 0.0
    planned: float = 0.0

    def table(self) -> dict[str, float]:
        """The strengths table that schemas.strengths looks up."""
        rated = {f"{RATED_PREFIX}{r}": (r / 10) ** self.rating_power for r in range(1, 11)}
        return rated | {
            "unscored": self.unscored,
            "dropped": self.dropped,
            "planned": self.planned,
        }


@dataclass(frozen=True, slots=True)
class ValidationParams:
    user_share: float = 1.0
    max_users: int = 10000
    row_share: float = 0.2
    relevant_rating: int = 8
    measured_share: float = 0.2


@dataclass(frozen=True, slots=True)
class LinearParams:
    regularisation: float = 10.0
    row_damping: float = 0.25
    metadata: float = 2.5
    rarity: float = 0.5
    unrated_neighbours: int = 30
    unrated_damping: float = 0.3


@dataclass(frozen=True, slots=True)
class PeopleParams:
    factors: int = 512
    epochs: int = 12
    patience: int = 2
    batch_users: int = 256
    max_steps: int = 128
    learning_rate: float = 0.1
    seed: int = 1


@dataclass(frozen=True, slots=True)
class ContentParams:
    factors: int = 128
    epochs: int = 32
    steps: int = 32
    batch_users: int = 256
    batch_titles: int = 1000
    feature_dropout: float = 0.3
    learning_rate: float = 0.005
    weight_decay: float = 0.1
    text: float = 0.3
    text_factors: int = 32
    novelty: float = 0.6
    seed: int = 1


@dataclass(frozen=True, slots=True)
class RankerParams:
    candidates: int = 200
    hidden: int = 64
    epochs: int = 8
    batch_users: int = 64
    sharpness: float = 0.45
    rating_damping: float = 50.0
    learning_rate: float = 0.002
    weight_decay: float = 0.01
    seed: int = 1


@dataclass(frozen=True, slots=True)
class ListParams:
    entries: int = 200
    reasons: int = 100
    similar: int = 200
    influence: int = 200
    popular: int = 200
    popular_damping: float = 50.0
    neighbours: int = 50
    neighbour_pool: int = 32_768


@dataclass(frozen=True, slots=True)
class LiveParams:
    disliked: float = 0.3
    fame_1: float = 15.0
    fame_3: float = 10.0
    fame_5: float = 7.0
    fame_10: float = 3.0
    fame_32: float = 0.25
    fame_100: float = 0.0

    def fame(self) -> dict[str, float]:
        """Weights by number of known titles, as schemas.newcomers looks them up."""
        values = dataclasses.asdict(self).items()
        return {name.removeprefix(_FAME): of for name, of in values if name.startswith(_FAME)}

    def strengths(self, table: Mapping[str, float]) -> dict[str, float]:
        """A strengths table in which dislikes count against what is similar.

        Training has no use for that: there a low rating still says which titles go together.
        """
        low = {
            f"{RATED_PREFIX}{rating}": -self.disliked * (_NEUTRAL - rating) / (_NEUTRAL - 1)
            for rating in range(1, _NEUTRAL)
        }
        return {**table, **low, "dropped": -self.disliked}


_FAME: Final = "fame_"
_NEUTRAL: Final = 6
"""The lowest rating that speaks for a title."""


@dataclass(frozen=True, slots=True)
class InsightParams:
    recent_days: int = 28
    support: int = 200
    gem_raters: int = 20
    gem_share: float = 0.02
    fans: int = 50
    groups: int = 8
    sample: int = 16_384


@dataclass(frozen=True, slots=True)
class GateParams:
    user_coverage: float = 0.99
    catalogue_coverage: float = 0.02
    neighbour_coverage: float = 0.5
    ndcg_ratio: float = 0.95
    coverage_ratio: float = 0.8
    overlap: float = 0.2


@dataclass(frozen=True, slots=True)
class PublishParams:
    lease_seconds: int = 60
    verify_sample: int = 200
    superseded_hours: float = 48.0
    refused_hours: float = 24.0


@dataclass(frozen=True, slots=True)
class RetentionParams:
    models: int = 3
    datasets: int = 3
    experiments: int = 100
    runs: int = 200
    days: float = 7.0


@dataclass(frozen=True, slots=True)
class Params:
    """All of them; params.yaml has one section for each field and explains each value."""

    ingest: IngestParams = field(default_factory=IngestParams)
    strengths: StrengthParams = field(default_factory=StrengthParams)
    validation: ValidationParams = field(default_factory=ValidationParams)
    linear: LinearParams = field(default_factory=LinearParams)
    people: PeopleParams = field(default_factory=PeopleParams)
    content: ContentParams = field(default_factory=ContentParams)
    ranker: RankerParams = field(default_factory=RankerParams)
    lists: ListParams = field(default_factory=ListParams)
    live: LiveParams = field(default_factory=LiveParams)
    insights: InsightParams = field(default_factory=InsightParams)
    gates: GateParams = field(default_factory=GateParams)
    publish: PublishParams = field(default_factory=PublishParams)
    retention: RetentionParams = field(default_factory=RetentionParams)


_SHARES: Final = frozenset(
    [
        "reject_share",
        "user_share",
        "row_share",
        "measured_share",
        "feature_dropout",
        "user_coverage",
        "catalogue_coverage",
        "neighbour_coverage",
        "measured_share",
        "gem_share",
        "overlap",
    ]
)
_POSITIVE: Final = frozenset({"sharpness", "learning_rate"})
_SIGNED: Final = frozenset({"dropped", "planned"})
_COUNTS: Final = frozenset(
    [
        "factors",
        "text_factors",
        "epochs",
        "steps",
        "max_steps",
        "batch_users",
        "batch_titles",
        "hidden",
        "candidates",
        "influence",
        "lease_seconds",
        "neighbour_pool",
        "recent_days",
        "groups",
        "sample",
    ]
)
_LIST_LENGTHS: Final = {
    "entries": MAX_ENTRIES,
    "reasons": MAX_REASONS,
    "similar": MAX_ENTRIES,
    "popular": MAX_ENTRIES,
    "neighbours": MAX_NEIGHBOURS,
}


def load(path: Path | None) -> Params:
    """Read a params file; sections and values that it leaves out keep their defaults.

    Raises:
        SettingsError: the file cannot be read, or has an unknown name or an unusable value;
            the message lists every problem.
    """
    return from_mapping(_read(path), str(path)) if path else Params()


def _read(path: Path) -> Mapping[str, Any]:
    import yaml  # here, since rolling back needs parameters where yaml may not be installed

    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"cannot read params file {path}: {error}") from error
    if found is not None and not isinstance(found, dict):
        raise SettingsError(f"{path} must map section names to values")
    return found or {}


def from_mapping(found: Mapping[str, Any], origin: str) -> Params:
    """Check a parsed params file; `origin` is what messages call it.

    Raises:
        SettingsError: listing every problem.
    """
    problems: list[str] = []
    kinds = {section.name: type(getattr(Params(), section.name)) for section in _fields(Params)}
    problems += [f"unknown section {name!r}" for name in found if name not in kinds]
    sections = {
        name: _section(name, kinds[name], value, problems)
        for name, value in found.items()
        if name in kinds
    }
    if not problems:
        params = Params(**sections)
        problems += _contradictions(params)
    if problems:
        raise SettingsError(f"{origin}: " + "; ".join(problems))
    return params


def _contradictions(params: Params) -> list[str]:
    entries, candidates = params.lists.entries, params.ranker.candidates
    if candidates >= entries:
        return []
    return [f"ranker.candidates must be at least lists.entries, {entries}, got {candidates}"]


def _fields(kind: type) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(kind)


def _section(name: str, kind: type, values: object, problems: list[str]) -> Any:
    if not isinstance(values, dict):
        problems.append(f"section {name!r} must map names to values, got {values!r}")
        return kind()
    types = {one.name: one.type for one in _fields(kind)}
    for key, value in values.items():
        where = f"{name}.{key}"
        if key not in types:
            problems.append(f"unknown {where}, known are {', '.join(types)}")
        else:
            problems += _problems_of(where, key, types[key], value)
    return kind() if problems else kind(**values)


def _problems_of(where: str, key: str, kind: object, value: object) -> list[str]:
    """A list so that the caller can go on to the next value."""
    whole = kind is int
    if not _is_number(value, whole):
        return [f"{where} must be {'a whole number' if whole else 'a number'}, got {value!r}"]
    broken = _broken_rule(key, value)
    return [f"{where} must {broken}, got {value!r}"] if broken else []


def _broken_rule(key: str, value: float) -> str:
    """What the value must be and is not; empty if it may stand."""
    if key in _COUNTS and value < 1:
        return "be at least 1"
    if key in _SHARES and not 0 <= value <= 1:
        return "be from 0 to 1"
    if key in _LIST_LENGTHS and not 1 <= value <= _LIST_LENGTHS[key]:
        return f"be from 1 to {_LIST_LENGTHS[key]}"
    if key in _POSITIVE and value <= 0:
        return "be above 0"
    return "not be negative" if key not in _SIGNED and value < 0 else ""


def _is_number(value: object, whole: bool) -> TypeGuard[float]:
    kinds = int if whole else int | float
    return isinstance(value, kinds) and not isinstance(value, bool) and math.isfinite(value)
