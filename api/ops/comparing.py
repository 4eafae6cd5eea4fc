"""What is live beside what would be, for whoever confirms a change. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from api.ops.changes import Change
from api.ops.overview import Serving
from api.ops.words import when, whole
from schemas.manifests import GenerationManifest
from schemas.records import Generation

UNKNOWN: Final = "–"
_SHORT: Final = 12
"""Characters of a hash that are shown, as elsewhere on these pages."""


@dataclass(frozen=True, slots=True)
class Side:
    """A generation that serves or would, with its parts of all users before and after."""

    generation: Generation
    before: float
    after: float
    manifest: GenerationManifest | None


@dataclass(frozen=True, slots=True)
class Line:
    """One fact about each side, in their order; `name` is a message, or a figure's own name."""

    name: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether it is worth a look."""
        return len({*self.values}) > 1


def sides(
    live: Sequence[Serving], change: Change, manifest: GenerationManifest | None
) -> list[Side]:
    """What serves now, in its order, then the one that is asked for unless it serves already."""
    after = _after(live, change)
    found = [
        Side(one.generation, one.share, after.get(one.generation, 0.0), one.manifest)
        for one in live
    ]
    target = Generation(change.generation)
    if target not in {one.generation for one in found}:
        found.append(Side(target, 0.0, after[target], manifest))
    return found


def lines(found: Sequence[Side]) -> list[Line]:
    """Everything that manifests tell, of each side; figures that none of them has are left out."""
    manifests = [one.manifest for one in found]
    names = sorted({name for one in manifests if one for name in one.metrics})
    facts = [
        Line(name, tuple(values))
        for name, *values in zip(
            ("ops_made", "ops_model", "ops_data", "ops_users_all", "ops_titles"),
            *(_facts(one) for one in manifests),
            strict=True,
        )
    ]
    figures = [Line(name, tuple(_figure(one, name) for one in manifests)) for name in names]
    return facts + figures


def _after(live: Sequence[Serving], change: Change) -> Mapping[Generation, float]:
    target = Generation(change.generation)
    if change.act != "split":
        return {target: 1.0}
    share = change.percent / 100
    return {live[0].generation: 1 - share, target: share}


def _facts(one: GenerationManifest | None) -> Iterator[str]:
    if one is None:
        yield from (UNKNOWN,) * 5
        return
    yield when(one.created)
    yield one.model[:_SHORT]
    yield f"{one.dataset[:_SHORT]} {one.data_version}".strip()
    for name in ("users", "catalogue"):
        yield whole(one.counts[name]) if name in one.counts else UNKNOWN


def _figure(one: GenerationManifest | None, name: str) -> str:
    return f"{one.metrics[name]:.4f}" if one and name in one.metrics else UNKNOWN
