"""Whether a candidate is good enough to replace what is live. Pure."""

from collections.abc import Iterator
from typing import Final

from batch.evaluation.metrics import NDCG_10 as NDCG
from batch.params import GateParams
from batch.publish.verify import Findings
from schemas.manifests import GenerationManifest

_CROWD: Final = 100
"""Of fewer users than this it may well be that hardly any are near to each other."""
COVERAGE: Final = "coverage@10"
"""Share of the catalogue that is in anybody's first ten; named so in a manifest's metrics."""


def refusals(
    candidate: GenerationManifest,
    findings: Findings,
    live: GenerationManifest | None,
    gates: GateParams,
) -> list[str]:
    """Why the candidate must not go live; empty if it may.

    Gates that compare with the live generation are skipped when there is none, and each figure
    is compared only where both were measured, and NDCG only if on the same kind of rows.
    """
    found = list(_alone(candidate, findings, gates))
    return found + list(_compared(candidate, findings, live, gates)) if live else found


def coverage(findings: Findings, catalogue: int) -> float:
    """Share of the titles of a catalogue that are in anybody's first ten."""
    return len(findings.shown) / max(catalogue, 1)


def _alone(candidate: GenerationManifest, findings: Findings, gates: GateParams) -> Iterator[str]:
    covered = findings.with_list / max(findings.users, 1)
    if covered < gates.user_coverage:
        yield (
            f"only {covered:.1%} of users have a list, "
            f"gates.user_coverage asks for {gates.user_coverage:.1%}"
        )
    near = findings.with_neighbours / max(findings.users, 1)
    if findings.users >= _CROWD and near < gates.neighbour_coverage:
        yield (
            f"only {near:.1%} of users have anybody near, "
            f"gates.neighbour_coverage asks for {gates.neighbour_coverage:.1%}"
        )
    shown = coverage(findings, candidate.counts["catalogue"])
    if shown < gates.catalogue_coverage:
        yield (
            f"only {shown:.1%} of titles are in anybody's first ten, "
            f"gates.catalogue_coverage asks for {gates.catalogue_coverage:.1%}"
        )


def _compared(
    candidate: GenerationManifest,
    findings: Findings,
    live: GenerationManifest,
    gates: GateParams,
) -> Iterator[str]:
    ours, theirs = _both(NDCG, candidate, live)
    if candidate.validation == live.validation and ours < gates.ndcg_ratio * theirs:
        yield (
            f"validation {NDCG} is {ours:.4f}, the live generation's is {theirs:.4f}: "
            f"below gates.ndcg_ratio {gates.ndcg_ratio}"
        )
    ours, theirs = _both(COVERAGE, candidate, live)
    if ours < gates.coverage_ratio * theirs:
        yield (
            f"{ours:.1%} of titles are in anybody's first ten, {theirs:.1%} in the live "
            f"generation: below gates.coverage_ratio {gates.coverage_ratio}"
        )
    share = findings.overlap / max(findings.compared, 1)
    if findings.compared and share < gates.overlap:
        yield (
            f"lists keep only {share:.1%} of the live first twenty, "
            f"gates.overlap asks for {gates.overlap:.1%}"
        )


def _both(
    metric: str, candidate: GenerationManifest, live: GenerationManifest
) -> tuple[float, float]:
    """A live figure that was never taken counts 0, so that any candidate passes."""
    return candidate.metrics.get(metric, 0.0), live.metrics.get(metric, 0.0)
