"""A backfill from end to end: one lease, block after block, at a gentle pace."""

import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from batch.backfill.position import Position
from batch.backfill.recomputing import Fate, recompute, rehearse
from batch.backfill.selection import START, Queue, Selection
from batch.backfill.throttle import Throttle
from batch.progress import Progress
from batch.publish import lease as leases
from batch.publish.lease import Lease
from batch.scoring import BLOCK
from batch.storage.storage import LOCAL, Storage
from batch.worker.halving import by_halves
from batch.worker.reranking import Stores
from batch.worker.targets import Target, Targets
from schemas.errors import NothingPublishedError
from schemas.records import Generation, UserId
from schemas.store.control import NOTHING_YET, Control
from schemas.store.ratings import announce

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """What a backfill is asked to do.

    `models` is the folder of models, which `storage` may have to fetch; `users_per_second` 0 means
    no limit; `lease_seconds` as for a refresh. `wait`: for whoever holds the lease. `restart`: from
    the first user, though an earlier run came further.
    """

    selection: Selection
    models: Path
    users_per_second: float = 0.0
    lease_seconds: int = 60
    wait: bool = False
    restart: bool = False
    storage: Storage = LOCAL


@dataclass(frozen=True, slots=True)
class Report:
    """What a backfill did, or what a dry run expects of one.

    `users` is how many were chosen and not done before; `resumed` whether some were. `lists`
    counts, over all live generations, what became of them (`recomputing.Fate`); a dry run counts
    those of a first block only. `seconds` it took or may take.
    """

    generations: list[str]
    users: int
    resumed: bool
    lists: dict[str, int]
    seconds: float
    dry_run: bool = False


def backfill(stores: Stores, request: Request, progress: Progress) -> Report:
    """Recompute chosen users' lists in what is live.

    Whatever stops it, the same request goes on where it was. A flip meanwhile, as by a rollback,
    makes it begin anew, in what is live then.

    Raises:
        LeaseHeldError: somebody else works; the message names the holder.
        LeaseLostError: the lease ran out while this run worked.
        SettingsError: the folder of models lacks one that is live.
        NothingPublishedError: nothing is live.
        RedisError: a store is away.
    """
    control, holder = Control(stores.lists), leases.holder_name("backfill")
    with leases.hold(control, holder, request.lease_seconds, wait=request.wait) as lease:
        return _Run(stores, request, lease, progress).until_done()


def dry_run(stores: Stores, request: Request) -> Report:
    """Say what a backfill would do, from a first block of users; takes no lease."""
    live = _live(Targets(stores.lists, request.models, request.storage))
    position = Position.of(stores.lists, _names(live), request.selection.name)
    after = START if request.restart else position.read()
    queue = request.selection.queue(stores, _names(live), after)
    began, lists = time.monotonic(), Counter[Fate]()
    block, _ = next(queue.blocks(BLOCK), ([], START))
    for target in live:
        lists.update(rehearse(stores, target, block).values())
    each = (time.monotonic() - began) / max(1, len(block))
    if request.users_per_second:
        each = max(each, 1 / request.users_per_second)
    return replace(_report(live, queue, after, lists, each * len(queue)), dry_run=True)


class _Run:
    """One run under its lease; counts as it goes."""

    def __init__(self, stores: Stores, request: Request, lease: Lease, progress: Progress) -> None:
        self._stores, self._request = stores, request
        self._lease, self._progress = lease, progress
        self._targets = Targets(stores.lists, request.models, request.storage)
        self._throttle = Throttle(request.users_per_second)
        self._began = time.monotonic()
        self._lists = Counter[Fate]()

    def until_done(self) -> Report:
        while (report := self._go_through(_live(self._targets))) is None:
            log.warning("what is live has changed: beginning anew")
        return report

    def _go_through(self, live: tuple[Target, ...]) -> Report | None:
        """Everybody who is chosen; None where there is a flip in between."""
        generations, selection = _names(live), self._request.selection
        position = Position.of(self._stores.lists, generations, selection.name)
        if self._request.restart:
            position.clear()
        after = position.read()
        queue = selection.queue(self._stores, generations, after)
        _say(generations, queue, after)
        self._lists.clear()
        if not self._work(live, queue, position):
            return None
        position.clear()
        return _report(live, queue, after, self._lists, time.monotonic() - self._began)

    def _work(self, live: tuple[Target, ...], queue: Queue, position: Position) -> bool:
        """Block after block, for as long as what is live stays."""
        done = 0
        for users, place in queue.blocks(BLOCK):
            self._lease.check()
            if self._targets.current() != live:
                return False
            for target in live:
                self._lists.update(self._recompute(target, users).values())
            # Everybody, since a run before may have died between a list and its announcement.
            announce(self._stores.ratings, *users)
            position.write(place)
            done += len(users)
            self._progress("backfill", done, len(queue))
            self._throttle.wait(len(users))
        return self._targets.current() == live

    def _recompute(self, target: Target, users: Sequence[UserId]) -> dict[UserId, Fate]:
        fates: dict[UserId, Fate] = {}
        failed = by_halves(users, lambda some: fates.update(recompute(self._stores, target, some)))
        for user, reason in failed.items():
            log.error("user %d keeps the list that is: %s", user, reason)
        return fates | dict.fromkeys(failed, Fate.FAILED)


def _live(targets: Targets) -> tuple[Target, ...]:
    found = targets.current()
    if not found:
        raise NothingPublishedError(NOTHING_YET)
    return found


def _names(live: Sequence[Target]) -> list[Generation]:
    return [one.generation for one in live]


def _say(generations: Sequence[Generation], queue: Queue, after: int) -> None:
    where = "going on where an earlier run stopped" if after != START else "beginning"
    log.info("%s: %d users in %s", where, len(queue), " and ".join(generations))


def _report(
    live: Sequence[Target], queue: Queue, after: int, lists: Counter[Fate], seconds: float
) -> Report:
    counted = {fate.value: lists[fate] for fate in Fate}
    generations = [str(one) for one in _names(live)]
    return Report(generations, len(queue), after != START, counted, round(seconds, 2))
