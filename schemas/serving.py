"""What the API did between two looks at its counters. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Final, TypeVar

QUANTILES: Final = (0.5, 0.95, 0.99)
_Name = TypeVar("_Name", str, float)
Sample = tuple[str, Mapping[str, str], float]
"""Name, labels and value."""


@dataclass(slots=True)
class Counted:
    """Counters: answers by source, what happened at the store, requests by status, and by the
    bucket of their seconds.

    `buckets` maps an upper bound to how many requests took no longer.
    """

    sources: dict[str, float] = field(default_factory=dict)
    statuses: dict[str, float] = field(default_factory=dict)
    buckets: dict[float, float] = field(default_factory=dict)
    events: dict[str, float] = field(default_factory=dict)


def counted(samples: Iterable[Sample]) -> Counted:
    """The counters among the metrics of the API; all routes and methods together."""
    found = Counted()
    for name, labels, value in samples:
        if name == "anirec_answers_total":
            _add(found.sources, labels["source"], value)
        elif name == "anirec_store_events_total":
            _add(found.events, labels["event"], value)
        elif name == "anirec_request_seconds_count":
            _add(found.statuses, labels["status"], value)
        elif name == "anirec_request_seconds_bucket":
            _add(found.buckets, float(labels["le"]), value)
    return found


def since(before: Counted, now: Counted) -> Counted:
    """What was counted in between; from zero where a process has begun anew."""
    restarted = any(now.statuses.get(one, 0.0) < n for one, n in before.statuses.items())
    if restarted:
        return now
    return Counted(
        _less(now.sources, before.sources),
        _less(now.statuses, before.statuses),
        _less(now.buckets, before.buckets),
        _less(now.events, before.events),
    )


def together(parts: Iterable[Counted]) -> Counted:
    """The sum over servers."""
    total = Counted()
    for part in parts:
        for mine, other in ((total.sources, part.sources), (total.statuses, part.statuses),
                            (total.events, part.events)):  # fmt: skip
            for name, value in other.items():
                _add(mine, name, value)
        for bound, value in part.buckets.items():
            _add(total.buckets, bound, value)
    return total


def figures(counted: Counted) -> dict[str, float]:
    """Shares of sources and of failures, and quantiles of seconds; of nothing, nothing."""
    requests, answers = sum(counted.statuses.values()), sum(counted.sources.values())
    found = {"requests": requests}
    if answers:
        found |= {f"source/{name}": n / answers for name, n in sorted(counted.sources.items())}
    if requests:
        failed = sum(n for status, n in counted.statuses.items() if status.startswith("5"))
        found["failed"] = failed / requests
        found |= {f"seconds/p{q * 100:g}": quantile(counted.buckets, q) for q in QUANTILES}
    return found


def quantile(buckets: Mapping[float, float], part: float) -> float:
    """By interpolation within a bucket, as Prometheus does; the last finite bound at most."""
    wanted = part * max(buckets.values(), default=0.0)
    lower, below = 0.0, 0.0
    for bound, count in sorted(buckets.items()):
        if count >= wanted and count > below:
            return (
                lower
                if bound == inf
                else lower + (bound - lower) * (wanted - below) / (count - below)
            )
        lower, below = (lower if bound == inf else bound), count
    return lower


def _add(counts: dict[_Name, float], name: _Name, value: float) -> None:
    counts[name] = counts.get(name, 0.0) + value


def _less(now: Mapping[_Name, float], before: Mapping[_Name, float]) -> dict[_Name, float]:
    return {name: value - before.get(name, 0.0) for name, value in now.items()}
