"""The worker's loop: take ratings from the stream, rank their users again, say so, go on."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, cast

from redis import Redis, RedisError, ResponseError

from batch.scoring import BLOCK
from batch.storage.storage import LOCAL, Storage
from batch.worker.halving import by_halves
from batch.worker.metrics import Metrics
from batch.worker.reranking import Stores, outdated, rerank
from batch.worker.targets import Target, Targets
from schemas import keys
from schemas.chunks import chunks
from schemas.errors import NothingPublishedError, PayloadError, TryAgainError
from schemas.ratings import Rating, entry_id, read_fields
from schemas.records import UserId
from schemas.store.ratings import announce
from schemas.store.waiting import Entry, Waiting

log = logging.getLogger(__name__)

_WAIT_MS: Final = 1000
"""How long an idle worker waits for a rating: also how soon it sees a flip or a SIGTERM."""
_SLOWEST_RETRY: Final = 10.0
_SCANNED: Final = 1000


@dataclass(frozen=True, slots=True)
class Pace:
    """How a worker works.

    It takes up to `most` entries at once, and waits `gather_ms` for others to join a first one.
    What a worker has not finished after `abandoned_ms` is taken over; what was handed out `tries`
    times is given up. Lag is looked at every `watch_seconds`.
    """

    most: int = 1000
    gather_ms: int = 50
    abandoned_ms: int = 30_000
    tries: int = 5
    watch_seconds: float = 5.0


class Worker:
    """One of those who share the stream."""

    def __init__(
        self,
        stores: Stores,
        models: Path,
        name: str,
        pace: Pace | None = None,
        metrics: Metrics | None = None,
        clock: Callable[[], float] = time.monotonic,
        storage: Storage = LOCAL,
    ) -> None:
        self._stores, self._pace, self._clock = stores, pace or Pace(), clock
        self.metrics = metrics or Metrics()
        self._targets = Targets(stores.lists, models, storage)
        self._waiting = Waiting(stores.ratings, name, self._pace.most)
        self._followed: tuple[Target, ...] = ()
        self._behind: Iterator[list[UserId]] = iter(())
        self._held: list[Entry] = []
        self._joined = self._idle = False
        self._claim_at = self._watch_at = 0.0

    def run(self, stopping: Callable[[], bool]) -> None:
        """Work until told to stop; what was begun is finished. Stores that are away are waited for.

        Raises:
            SettingsError: the folder of models lacks the one that is live.
        """
        pause = 0.1
        while not stopping():
            try:
                self.turn()
                pause = 0.1
            except (RedisError, NothingPublishedError, TryAgainError) as error:
                self._fault(error)
                _sleep(pause, stopping)
                pause = min(2 * pause, _SLOWEST_RETRY)
        self._leave()

    def turn(self, wait_ms: int = _WAIT_MS) -> int:
        """Handle what there is, or wait a little for something; returns how many entries."""
        if not self._joined:
            self._waiting.join()
            self._joined = True
        targets = self._follow()
        if not targets:
            self._say_idle()
            time.sleep(wait_ms / 1000)
            return 0
        self._idle = False  # what is live was logged when it was loaded
        idle = not self._catch_up(targets)
        self._held = self._held or self._take(wait_ms if idle else None)
        taken = len(self._held)
        self._handle(self._held)
        self._held = []
        self._watch()
        return taken

    def _say_idle(self) -> None:
        """Once, since it is asked every second until something is published."""
        if not self._idle:
            log.info("nothing is published yet: ratings wait")
        self._idle = True

    def _follow(self) -> tuple[Target, ...]:
        """What is live; where that is new, users with ratings that it does not know are due."""
        targets = self._targets.current()
        if targets != self._followed:
            self._followed = targets
            self._behind = _chunked(_raters(self._stores.ratings))
        return targets

    def _catch_up(self, targets: Sequence[Target]) -> bool:
        """Rank again for a few of those who had rated before a flip; False if nobody is left."""
        some = next(self._behind, None)
        if some is None:
            return False
        self._rank(some, targets)
        announce(self._stores.ratings, *some)
        return True

    def _take(self, wait_ms: int | None) -> list[Entry]:
        """Abandoned entries, if it is time to look for them, else fresh ones."""
        now = self._clock()
        if now >= self._claim_at:
            found = self._waiting.abandoned(self._pace.abandoned_ms)
            if found:
                log.info("took over %d entries that another worker had not finished", len(found))
                return found
            self._claim_at = now + self._pace.abandoned_ms / 2000
        found = self._waiting.fresh(self._pace.most, wait_ms)
        room = self._pace.most - len(found)
        if found and room and self._pace.gather_ms:
            time.sleep(self._pace.gather_ms / 1000)
            found += self._waiting.fresh(room, None)
        return found

    def _handle(self, entries: Sequence[Entry]) -> None:
        """Rank again for everybody who is named, then never see these entries again."""
        read, failed = _read([one for one in entries if one.tries <= self._pace.tries])
        failed |= {one.id: "no worker has lived to finish it" for one in entries
                   if one.tries > self._pace.tries}  # fmt: skip
        users = sorted({rating.user_id for _, rating in read})
        faults = self._rank_everywhere(users)
        announce(self._stores.ratings, *(user for user in users if user not in faults))
        failed |= {one.id: faults[said.user_id] for one, said in read if said.user_id in faults}
        self._finish([one for one, said in read if said.user_id not in faults])
        self._give_up([one for one in entries if one.id in failed], failed)

    def _rank_everywhere(self, users: Sequence[UserId]) -> dict[UserId, str]:
        """In all that is live, also where that changes meanwhile; returns who failed, and why."""
        faults: dict[UserId, str] = {}
        done: set[str] = set()
        while todo := [one for one in self._follow() if one.generation not in done]:
            faults |= self._rank(users, todo)
            done |= {one.generation for one in todo}
        return faults

    def _rank(self, users: Sequence[UserId], targets: Sequence[Target]) -> dict[UserId, str]:
        faults: dict[UserId, str] = {}
        for target in targets:
            for some in chunks(users, BLOCK):
                faults |= by_halves(some, partial(self._rank_block, target))
        return faults

    def _rank_block(self, target: Target, users: Sequence[UserId]) -> None:
        due = outdated(self._stores, target, users)
        rerank(self._stores, target, due)
        self.metrics.users.inc(len(due))

    def _finish(self, entries: Sequence[Entry]) -> None:
        self._waiting.done(entries)
        self.metrics.ratings.inc(len(entries))
        now = time.time()
        for one in entries:
            self.metrics.took.observe(max(0.0, now - entry_id(one.id)[0] / 1000))
        if entries:
            log.info("%d ratings are in lists now", len(entries))

    def _give_up(self, entries: Sequence[Entry], reasons: dict[str, str]) -> None:
        """Those that had their tries; the others stay pending, and are handed out again."""
        for one in entries:
            if one.tries >= self._pace.tries:
                log.error("gave up entry %s: %s", one.id, reasons[one.id])
                self._waiting.bury(one, reasons[one.id])
                self.metrics.dead.inc()

    def _watch(self) -> None:
        now = self._clock()
        if now < self._watch_at:
            return
        self._watch_at = now + self._pace.watch_seconds
        lag = self._waiting.lag()
        self.metrics.behind(lag)
        if lag.entries:
            log.info("behind by %d ratings, the oldest of %.1f s ago", lag.entries, lag.seconds)

    def _fault(self, error: Exception) -> None:
        self.metrics.faults.inc()
        self._followed = ()  # whoever was due may have been missed: begin with them anew
        # A store that was emptied has no group any more.
        self._joined = self._joined and not isinstance(error, ResponseError)
        log.warning("%s; trying again", error)

    def _leave(self) -> None:
        try:
            if self._joined:
                self._waiting.leave()
        except RedisError as error:
            log.warning("could not leave the group: %s", error)


def _read(entries: Sequence[Entry]) -> tuple[list[tuple[Entry, Rating]], dict[str, str]]:
    """Entries with what they say, and why others cannot be read, by id."""
    read, failed = [], {}
    for one in entries:
        try:
            read.append((one, read_fields(one.said)))
        except PayloadError as error:
            failed[one.id] = str(error)
    return read, failed


def _raters(ratings: Redis) -> Iterator[UserId]:
    """Everybody with recent ratings."""
    names = ratings.scan_iter(match=keys.recent("*"), count=_SCANNED)
    for name in cast(Iterator[bytes], names):
        yield UserId(int(name.rsplit(b":", 1)[1]))


def _chunked(users: Iterator[UserId]) -> Iterator[list[UserId]]:
    return iter(chunks(users, BLOCK))


def _sleep(seconds: float, stopping: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while not stopping() and time.monotonic() < end:
        time.sleep(min(0.1, seconds))
