"""What a check has found, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MOST_HOURS: Final = 36.0
"""What is live and older than this has missed a night."""


class Verdict(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Kind(StrEnum):
    """What a failure is about: it decides how `anirec doctor` ends."""

    SETTINGS = "settings"
    STORE = "store"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `todo` is empty where nothing needs to be done."""

    check: str
    verdict: Verdict
    said: str
    todo: str = ""
    kind: Kind = Kind.OTHER


def ok(check: str, said: str) -> Finding:
    """All is well."""
    return Finding(check, Verdict.OK, said)


def warn(check: str, said: str, todo: str) -> Finding:
    """It works, but somebody should look."""
    return Finding(check, Verdict.WARN, said, todo)


def fail(check: str, said: str, todo: str, kind: Kind = Kind.OTHER) -> Finding:
    """It does not work, or something will be lost."""
    return Finding(check, Verdict.FAIL, said, todo, kind)


def worst(findings: Iterable[Finding]) -> Verdict:
    """Of all findings."""
    order = list(Verdict)
    return max((one.verdict for one in findings), key=order.index, default=Verdict.OK)
