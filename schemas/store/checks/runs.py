"""Checks of the last runs: how each command ended the last time."""

from collections.abc import Iterator
from typing import Final

from redis import Redis

from schemas.errors import PayloadError
from schemas.runs import Outcome, Run
from schemas.store.checks.findings import Finding, ok, warn
from schemas.store.health import last_runs

_TODO: Final = {
    Outcome.REFUSED: "what is live stays; read why (docs/operations.md: A refresh ends with 4)",
    Outcome.LOST: "look at the machine or the pod: it was killed, often for want of memory",
}
_OTHERWISE: Final = "read its log; the next run goes on from what is finished"


def last(lists: Redis) -> Iterator[Finding]:
    """Of each command that has ended badly the last time, how."""
    try:
        found = last_runs(lists).values()
    except PayloadError as error:
        yield warn("last runs", str(error), "a newer version has written it: upgrade this one")
        return
    failed = [run for run in found if run.has_failed]
    yield from map(_failed, failed)
    if found and not failed:
        yield ok("last runs", ", ".join(f"{run.command} {run.outcome}" for run in found))


def _failed(run: Run) -> Finding:
    said = f"{run.outcome} at {run.ended}: {run.message or 'it did not say why'}"
    return warn(f"last {run.command}", said, _TODO.get(run.outcome, _OTHERWISE))
