"""Which generations keep their keys, and for how long."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from batch.params import PublishParams
from batch.publish import keyspace
from batch.publish.control import Control
from batch.publish.register import Record, Register, State
from schemas import keys
from schemas.errors import InvalidParameterError
from schemas.pointer import Pointer, Variant
from schemas.records import Generation

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Retention:
    """Keeps keys and register in step with the pointer."""

    control: Control
    register: Register
    params: PublishParams

    def tidy(self, now: datetime) -> None:
        """Put everything in order; only the holder of the lease may, before it writes.

        What serves loses its expiry, what served gets one, what a dead run left is deleted.
        Doing it again changes nothing, so a refresh may die anywhere in here.
        """
        live = self.control.pointer()
        for record in self.register.records():
            self._settle(record, live, now)
        kept = {record.generation for record in self.register.records()}
        deleted = keyspace.delete_others(self.control.client, kept)
        if deleted:
            log.info("swept %d keys that a dead run had left", deleted)

    def _settle(self, record: Record, live: Pointer | None, now: datetime) -> None:
        if live and record.generation in {one.generation for one in live.live}:
            if record.state is not State.LIVE:
                self.revive(record)
        elif record.state is State.LIVE or (live and record.generation == live.previous):
            if record.state is not State.SUPERSEDED:
                self.retire(record, State.SUPERSEDED, self.params.superseded_hours, now)
        elif record.state is State.WRITING or _is_gone(record, now):
            self.register.forget(record.generation)

    def retire(self, record: Record, state: State, hours: float, now: datetime) -> None:
        """Give a generation an expiry; its record says until when it can be gone back to.

        The record comes last: whoever finds it half-done expires the keys once more.
        """
        gone = now + timedelta(hours=hours)
        keyspace.expire(self.control.client, record.generation, round(hours * 3600))
        self.register.write(replace(record, state=state, gone=gone.isoformat(timespec="seconds")))

    def revive(self, record: Record) -> None:
        """Take the expiry off a generation again."""
        keyspace.persist(self.control.client, record.generation)
        self.register.write(replace(record, state=State.LIVE, gone=""))

    def roll_back(self, target: Generation | None, now: datetime) -> Generation:
        """Make another stored generation live, by default the one before.

        Raises:
            InvalidParameterError: it is not stored, or is not one that ever served.
        """
        live = self.control.pointer()
        record = self._stored(target or (live.previous if live else None))
        self.revive(record)
        alone = (Variant(record.generation, 1.0),)
        if live is None or live.live != alone:
            self.control.swap(Pointer(alone, live.live[0].generation if live else None))
        self.tidy_states(now)
        return record.generation

    def tidy_states(self, now: datetime) -> None:
        """Settle what served before and what serves now, and delete nothing."""
        live = self.control.pointer()
        for record in self.register.records():
            if record.state in (State.LIVE, State.SUPERSEDED):
                self._settle(record, live, now)

    def _stored(self, target: Generation | None) -> Record:
        usable = [
            one.generation
            for one in self.register.records()
            if one.state in (State.LIVE, State.SUPERSEDED)
            and self.control.client.exists(keys.manifest(one.generation))
        ]
        record = self.register.find(target) if target in usable and target else None
        if record is None:
            known = ", ".join(usable) or "none"
            raise InvalidParameterError(
                f"cannot roll back to {target or 'the previous generation'}: stored are {known}"
            )
        return record


def _is_gone(record: Record, now: datetime) -> bool:
    return bool(record.gone) and datetime.fromisoformat(record.gone) <= now
