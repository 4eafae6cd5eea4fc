"""Whether a candidate is good enough to replace what is live. Pure."""

from collections.abc import Iterator

from batch.evaluation.metrics import NDCG_10 as NDCG
from batch.params import GateParams
from batch.publish.verify import Findings
from schemas.manifests import GenerationManifest


def refusals(
    candidate: GenerationManifest,
    findings: Findings,
    live: GenerationManifest | None,
    gates: GateParams,
) -> list[str]:
    """Why the candidate must not go live; empty if it may.

    Gates that compare with the live generation are skipped when there is none.
    """
    found = list(_alone(candidate, findings, gates))
    return found + list(_compared(candidate, findings, live, gates)) if live else found


def _alone(candidate: GenerationManifest, findings: Findings, gates: GateParams) -> Iterator[str]:
    covered = findings.with_list / max(findings.users, 1)
    if covered < gates.user_coverage:
        yield (
            f"only {covered:.1%} of users have a list, "
            f"gates.user_coverage asks for {gates.user_coverage:.1%}"
        )
    shown = len(findings.shown) / max(candidate.counts["catalogue"], 1)
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
    ours, theirs = candidate.metrics.get(NDCG, 0.0), live.metrics.get(NDCG, 0.0)
    if ours < gates.ndcg_ratio * theirs:
        yield (
            f"validation {NDCG} is {ours:.4f}, the live generation's is {theirs:.4f}: "
            f"below gates.ndcg_ratio {gates.ndcg_ratio}"
        )
    share = findings.overlap / max(findings.compared, 1)
    if findings.compared and share < gates.overlap:
        yield (
            f"lists keep only {share:.1%} of the live first twenty, "
            f"gates.overlap asks for {gates.overlap:.1%}"
        )
