"""Figures over time as points of a drawing. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from schemas.manifests import GenerationManifest
from schemas.runs import Outcome, Run

WIDTH: Final = 320
HEIGHT: Final = 96
_TOTAL: Final = "total"
"""Beside the stages of a run: all of it."""
_MARGIN: Final = 8
_NIGHTS: Final = 60
"""Newest candidates that are drawn."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A generation that was measured, published or not.

    `seconds` is how long it took, 0 where nobody knows.
    """

    generation: str
    began: datetime
    is_refused: bool
    metrics: Mapping[str, float]
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Point:
    """Where a figure is drawn, from the upper left corner, and what it says."""

    x: float
    y: float
    value: float
    of: Candidate


@dataclass(frozen=True, slots=True)
class Chart:
    """`name` is its message; `line` goes through what was published, in order."""

    name: str
    points: Sequence[Point]
    low: float
    high: float

    @property
    def newest(self) -> Point:
        """The last one that was published; where none was, the last one."""
        shown = [one for one in self.points if not one.of.is_refused]
        return (shown or self.points)[-1]

    @property
    def line(self) -> str:
        """As the attribute `points` of a polyline."""
        shown = (one for one in self.points if not one.of.is_refused)
        return " ".join(f"{one.x:.1f},{one.y:.1f}" for one in shown)


def candidates(runs: Iterable[Run], stored: Iterable[GenerationManifest]) -> Sequence[Candidate]:
    """What is known to have been measured, oldest first: from records of runs, which also know
    what was refused, and from stored generations, whose runs may be gone.
    """
    found: dict[str, Candidate] = {one.generation: _stored(one) for one in stored}
    found |= {run.generation: _ran(run) for run in runs if run.metrics and run.is_over}
    return sorted(found.values(), key=lambda one: one.began)[-_NIGHTS:]


def charts(found: Sequence[Candidate], ndcg: str, coverage: str) -> list[Chart]:
    """Quality, coverage and duration, each where somebody measured it."""
    made = [
        _chart("ops_quality", found, lambda one: one.metrics.get(ndcg)),
        _chart("ops_coverage", found, lambda one: one.metrics.get(coverage)),
        _chart("ops_duration", found, lambda one: one.seconds or None),
    ]
    return [one for one in made if one.points]


def _chart(
    name: str, found: Sequence[Candidate], read: Callable[[Candidate], float | None]
) -> Chart:
    figures = [(one, value) for one in found if (value := read(one)) is not None]
    values = [value for _, value in figures]
    low, high = min(values, default=0.0), max(values, default=0.0)
    times = [one.began.timestamp() for one, _ in figures]
    points = [
        Point(
            _placed(when, times[0], times[-1], WIDTH),
            HEIGHT - _placed(value, low, high, HEIGHT),
            value,
            one,
        )
        for (one, value), when in zip(figures, times, strict=True)
    ]
    return Chart(name, points, low, high)


def _placed(value: float, low: float, high: float, size: int) -> float:
    """Between the margins; in the middle where there is but one value."""
    part = (value - low) / (high - low) if high > low else 0.5
    return _MARGIN + part * (size - 2 * _MARGIN)


def _ran(run: Run) -> Candidate:
    began, ended = (datetime.fromisoformat(text) for text in (run.started, run.ended))
    refused = run.outcome is not Outcome.DONE
    return Candidate(run.generation, began, refused, run.metrics, (ended - began).total_seconds())


def _stored(one: GenerationManifest) -> Candidate:
    began = datetime.fromisoformat(one.created)
    stages = (seconds for name, seconds in one.seconds.items() if name != _TOTAL)
    return Candidate(one.generation, began, False, one.metrics, sum(stages))
