"""What an operator may change: the same writes as `anirec rollback` and `anirec variants`."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field

from api.checking import Declared
from api.parameters import AsWhole, Nothing
from schemas.records import Generation
from schemas.store import variants
from schemas.store.retention import Retention

_MOST: Final = 2_000
"""Characters of what a form sends back unread: a pointer has some hundred."""


@dataclass(frozen=True, slots=True)
class Change(Nothing):
    """What a confirmation is asked for."""

    act: Annotated[
        Literal["rollback", "split", "end"],
        Field(
            description="rollback: it alone serves; split: it serves a share beside the first; "
            "end: of two that serve it alone stays."
        ),
    ]
    generation: Annotated[
        str,
        Field(
            min_length=16,
            max_length=16,
            pattern="^[0-9]{8}T[0-9]{6}Z$",
            description="A stored generation.",
        ),
    ]
    percent: Annotated[
        int,
        Field(strict=True, ge=1, le=99, description="Of all users, for split."),
        AsWhole,
    ] = 10


@dataclass(frozen=True, slots=True)
class Confirmed(Change):
    """What a confirmation sends: `seen` is the pointer as the operator saw it."""

    seen: Annotated[str, Field(max_length=_MOST)] = ""
    csrf: Annotated[str, Field(max_length=_MOST)] = ""


@dataclass(frozen=True, slots=True)
class Shown(Nothing):
    """What the page may be asked for: `done` is what was just done, and never a text."""

    done: Annotated[
        Literal["", "rollback", "split", "end"],
        Field(description="The change that led here: the page says that it is done."),
    ] = ""


SHOWN: Final = Declared(Shown)
CHANGE: Final = Declared(Change)
CONFIRMED: Final = Declared(Confirmed)


def sentence(change: Change) -> str:
    """What it does, for the record."""
    if change.act == "rollback":
        return f"roll back to {change.generation}"
    if change.act == "split":
        return f"give {change.percent} % to {change.generation}"
    return f"end the test for {change.generation}"


def why_not(change: Change, live: Sequence[str], usable: Container[str]) -> str:
    """Why it makes no sense to ask whether to do this; empty if it does."""
    name = change.generation
    if not live:
        return "nothing is live that could be changed here"
    if name not in usable:
        return f"{name} is not stored, or never served"
    if change.act == "end" and (len(live) == 1 or name not in live):
        return f"there is no test in which {name} serves"
    if change.act == "split" and name == live[0]:
        return f"{name} is the first variant already"
    return f"{name} serves everybody already" if [name] == [*live] else ""


def make(retention: Retention, change: Confirmed, now: datetime) -> None:
    """Make a change, if what is live is what the operator saw.

    Raises:
        InvalidParameterError: the generation cannot serve, or does so already.
        NothingPublishedError: nothing is live.
        FlippedMeanwhileError: the pointer is not what was seen.
    """
    target, seen = Generation(change.generation), change.seen.encode()
    if change.act == "rollback":
        retention.roll_back(target, now, seen)
    elif change.act == "split":
        variants.split(retention, target, change.percent / 100, now, seen)
    else:
        variants.end(retention, target, now, seen)
