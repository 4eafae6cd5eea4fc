"""Which generations keep their keys, and for how long."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from schemas import keys, pointer
from schemas.errors import (
    FlippedMeanwhileError,
    InvalidParameterError,
    NothingPublishedError,
)
from schemas.pointer import Pointer, Variant
from schemas.records import Generation
from schemas.store import keyspace
from schemas.store.control import NOTHING_YET, Control
from schemas.store.register import Record, Register, State

log = logging.getLogger(__name__)

_MARGIN: Final = timedelta(minutes=1)
"""A rollback keeps this far away from an expiry, since clocks differ."""
_FLIPPED: Final = "somebody else has changed what is live meanwhile: look again before you decide"


@dataclass(frozen=True, slots=True)
class Retention:
    """Keeps keys and register in step with the pointer.

    Superseded generations stay for `superseded_hours`.
    """

    control: Control
    register: Register
    superseded_hours: float

    def tidy(self, mine: Record, now: datetime) -> None:
        """Settle what serves and served, and delete what dead runs left.

        `mine` is the generation of the refresh that asks. Nothing newer is touched, so that even
        a run that has lost its lease without knowing cannot harm its successor. Doing it again
        changes nothing, so a refresh may die anywhere in here.
        """
        self.control.note_superseded_hours(self.superseded_hours)
        self.settle(now)
        for record in self.register.records():
            dead = record.state is State.WRITING and record.fence < mine.fence
            if dead or _is_gone(record, now):
                self.register.forget(record.generation)
        kept = {record.generation for record in self.register.records()}
        deleted = keyspace.delete_unknown(self.control.client, kept, mine.generation)
        if deleted:
            log.info("swept %d keys that a dead run had left", deleted)

    def settle(self, now: datetime) -> None:
        """Make keys and register agree with the pointer; deletes nothing.

        What serves has no expiry, what served before has one.
        """
        for record in self.register.records():
            live = self.control.pointer()
            if _serves(record, live):
                if record.state is not State.LIVE:
                    self.revive(record)
            elif record.state is State.LIVE or (
                record.state is State.WRITING and live and record.generation == live.previous
            ):
                self.retire(record, State.SUPERSEDED, self.superseded_hours, now)

    def retire(self, record: Record, state: State, hours: float, now: datetime) -> None:
        """Give a generation an expiry; its record says until when it can be gone back to.

        The record comes last: whoever finds it half-done expires the keys once more. A rollback
        may have made it live meanwhile: then it is revived.
        """
        gone = now + timedelta(hours=hours)
        keyspace.expire(self.control.client, record.generation, round(hours * 3600))
        self.register.write(replace(record, state=state, gone=gone.isoformat(timespec="seconds")))
        if _serves(record, self.control.pointer()):
            self.revive(record)

    def revive(self, record: Record) -> None:
        """Take the expiry off a generation again."""
        keyspace.persist(self.control.client, record.generation)
        self.register.write(replace(record, state=State.LIVE, gone=""))

    def roll_back(
        self, target: Generation | None, now: datetime, seen: bytes | None = None
    ) -> Generation:
        """Make another stored generation live, by default the one before.

        `seen` is the pointer as whoever asks has seen it, None for whatever it is.

        Raises:
            NothingPublishedError: nothing is stored that could serve.
            InvalidParameterError: it is not stored, or is not one that ever served; or none is
                named, and the one before is newer, as somebody has gone back from it.
            FlippedMeanwhileError: the pointer is not what was seen.
        """
        live = self.seen_or_now(seen)
        if target is None:
            _require_older(live)
        record = self.stored(target or (live.previous if live else None), now)
        self.revive(record)
        alone = (Variant(record.generation, 1.0),)
        if live is None or live.live != alone:
            self.swap(Pointer(alone, live.live[0].generation if live else None), now, seen)
        self.revive(record)  # again: a refresh may have been retiring it before the swap
        self.settle(now)
        return record.generation

    def seen_or_now(self, seen: bytes | None) -> Pointer | None:
        """The pointer that a change starts from.

        Raises:
            FlippedMeanwhileError: it is not what was seen.
        """
        if seen is None:
            return self.control.pointer()
        if self.control.pointer_text() != seen:
            raise FlippedMeanwhileError(_FLIPPED)
        return pointer.decode(seen)

    def swap(self, target: Pointer, now: datetime, seen: bytes | None) -> None:
        """Change the pointer; a revived generation is settled again where that is refused.

        Raises:
            FlippedMeanwhileError: it is not what was seen.
        """
        if seen is None:
            self.control.swap(target)
        elif not self.control.swap_from(seen, target):
            self.settle(now)
            raise FlippedMeanwhileError(_FLIPPED)

    def usable(self, now: datetime) -> list[Record]:
        """The generations that may serve: those that do, or did and still have their keys."""
        return [
            one
            for one in self.register.records()
            if (one.state in (State.LIVE, State.SUPERSEDED) or _serves(one, self.control.pointer()))
            and not _is_gone(one, now + _MARGIN)
            and self.control.client.exists(keys.manifest(one.generation))
        ]

    def stored(
        self, target: Generation | None, now: datetime, doing: str = "roll back to"
    ) -> Record:
        """A generation that may serve.

        Raises:
            NothingPublishedError: nothing is stored that could serve.
            InvalidParameterError: it is not stored, or is not one that ever served.
        """
        usable = [one.generation for one in self.usable(now)]
        wanted = target or "the previous generation"
        if not usable:
            raise NothingPublishedError(f"cannot {doing} {wanted}: {NOTHING_YET}")
        record = self.register.find(target) if target in usable and target else None
        if record is None:
            known = ", ".join(usable)
            raise InvalidParameterError(f"cannot {doing} {wanted}: stored are {known}")
        return record


def _require_older(live: Pointer | None) -> None:
    """Going back twice must not lead to where somebody has just gone back from."""
    if live and live.previous and live.previous > max(one.generation for one in live.live):
        raise InvalidParameterError(
            f"{live.previous} is newer than what is live: somebody has gone back from it; to go "
            f"forward again, name it"
        )


def _serves(record: Record, live: Pointer | None) -> bool:
    return live is not None and record.generation in {one.generation for one in live.live}


def _is_gone(record: Record, now: datetime) -> bool:
    return bool(record.gone) and datetime.fromisoformat(record.gone) <= now
