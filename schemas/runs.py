"""The record of one run of a command: what began it, what it did, how it ended."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from schemas import documents
from schemas.errors import PayloadError

LONGEST_MESSAGE: Final = 2_000
_STARTED: Final = "%Y%m%dT%H%M%SZ"


class Outcome(StrEnum):
    """How a run ended.

    SKIPPED: somebody else held the lease. REFUSED: by the data or a gate. STOPPED: by a signal or
    at its deadline. LOST: it has not been heard of; it was killed, or its machine is gone.
    """

    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    REFUSED = "refused"
    STOPPED = "stopped"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Run:
    """One run. Ids grow with time, so that they sort by it.

    `trigger` is who asked: manual, nightly, data set, ...; times are ISO 8601, UTC, empty for not
    yet; `exit_code` is None until the end, and for a lost run. `trained` is None where no model
    was chosen, `reason` says why it is this one. `seconds` are by stage, those that came to an end,
    and `counts` of whatever the command counts. `reused` names what it found finished. `metrics`
    are those of the candidate, whether or not it was published.
    """

    id: str
    command: str
    trigger: str
    holder: str
    started: str
    outcome: Outcome = Outcome.RUNNING
    ended: str = ""
    exit_code: int | None = None
    message: str = ""
    generation: str = ""
    dataset: str = ""
    model: str = ""
    trained: bool | None = None
    reason: str = ""
    reused: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    code: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    version: int = 1

    @property
    def is_over(self) -> bool:
        """Whether it has ended, and has done something."""
        return self.outcome not in (Outcome.RUNNING, Outcome.SKIPPED)

    @property
    def has_failed(self) -> bool:
        """Whether somebody should look at it."""
        return self.is_over and self.outcome is not Outcome.DONE


@dataclass(frozen=True, slots=True)
class Latest:
    """Of one command: the last run that is over, and the last one that was done."""

    run: Run | None = None
    success: Run | None = None


def run_id(now: datetime, random: str) -> str:
    """The id of a run that begins now."""
    return f"{now.astimezone(UTC).strftime(_STARTED)}-{random}"


def read(text: str | bytes) -> Run:
    """Read a record.

    Raises:
        PayloadError: it is none, or has an outcome that only a newer version knows.
    """
    run = documents.load(Run, text)
    try:
        return replace(run, outcome=Outcome(run.outcome))
    except ValueError as error:
        raise PayloadError(f"run {run.id} has the outcome {run.outcome!r}") from error
