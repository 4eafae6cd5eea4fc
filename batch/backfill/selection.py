"""Whose lists a backfill recomputes: some users, everybody, or those who have rated since."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, cast

import numpy as np
from numpy.typing import NDArray
from redis import Redis

from batch.worker.reranking import Stores
from schemas import keys
from schemas.errors import InvalidParameterError, PayloadError
from schemas.ratings import entry_id, entry_of, read_fields, revision
from schemas.records import MAX_USER_ID, Generation, UserId

START: Final = -1
"""Before every place in a queue."""
_PAGE: Final = 5_000
_SCANNED: Final = 1_000
_AGO: Final = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_ID: Final = re.compile(r"[0-9]{1,19}", re.ASCII)

_Page = list[tuple[bytes, dict[bytes, bytes]]]


@dataclass(frozen=True, slots=True)
class Queue:
    """Users in the order of their places, both of shape (users,): whoever stops goes on there."""

    users: NDArray[np.int64]
    places: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.users)

    def blocks(self, size: int) -> Iterator[tuple[list[UserId], int]]:
        """At most `size` users at a time, with the place of the last of them."""
        for first in range(0, len(self), size):
            users = self.users[first : first + size].tolist()
            yield [UserId(one) for one in users], int(self.places[first + len(users) - 1])


class Selection(Protocol):
    """Some users. `name` is the same for whoever asks for the same."""

    @property
    def name(self) -> str: ...

    def queue(self, stores: Stores, live: Sequence[Generation], after: int) -> Queue:
        """Those beyond a place."""


@dataclass(frozen=True, slots=True)
class Named:
    """Users by their ids, ascending."""

    ids: tuple[UserId, ...]

    @property
    def name(self) -> str:
        listed = " ".join(map(str, self.ids))
        return "users-" + hashlib.sha256(listed.encode()).hexdigest()[:16]

    def queue(self, stores: Stores, live: Sequence[Generation], after: int) -> Queue:
        return _by_id(self.ids, after)


@dataclass(frozen=True, slots=True)
class Everybody:
    """All with a nightly history, and all who have rated since."""

    @property
    def name(self) -> str:
        return "all"

    def queue(self, stores: Stores, live: Sequence[Generation], after: int) -> Queue:
        prefixes = [keys.prefix(one, "h") for one in live]
        found = [_scanned(stores.lists, prefix) for prefix in prefixes]
        return _by_id(np.concatenate([*found, _scanned(stores.ratings, keys.recent(""))]), after)


@dataclass(frozen=True, slots=True)
class Since:
    """Those with ratings in the stream since a moment, by their newest; `said` is how it was told.

    A place is that of an entry: whoever goes on after a stop misses none that has come meanwhile.
    """

    said: str
    moment: datetime | timedelta

    @property
    def name(self) -> str:
        return f"since-{self.said}"

    def queue(self, stores: Stores, live: Sequence[Generation], after: int) -> Queue:
        newest: dict[int, int] = {}
        first = f"{self._milliseconds(stores.ratings)}-0"
        if after != START:
            first = "({}-{}".format(*entry_of(after))
        for entry, said in _entries(stores.ratings, first):
            try:
                newest[read_fields(said).user_id] = revision(entry)
            except PayloadError:
                continue  # a worker or the night makes it a dead letter
        return _sorted(np.array(list(newest), np.int64), np.array(list(newest.values()), np.int64))

    def _milliseconds(self, ratings: Redis) -> int:
        """By the clock that numbers the entries, where the moment is told from now."""
        if isinstance(self.moment, datetime):
            return max(0, round(self.moment.timestamp() * 1000))
        seconds, micro = ratings.time()
        return max(0, round((seconds + micro / 1e6 - self.moment.total_seconds()) * 1000))


def read_users(text: str, where: str) -> Named:
    """Ids between commas or white space; the same one twice counts once.

    Raises:
        InvalidParameterError: there is none, or something else is among them.
    """
    found = text.replace(",", " ").split()
    wrong = next((one for one in found if not _ID.fullmatch(one) or int(one) > MAX_USER_ID), None)
    if wrong is not None or not found:
        got = f"got {wrong[:40]!r}" if wrong else "there is none"
        raise InvalidParameterError(
            f"{where} takes user ids, integers from 0 to {MAX_USER_ID}, between commas or white "
            f"space: {got}"
        )
    return Named(tuple(sorted({UserId(int(one)) for one in found})))


def read_since(text: str) -> Since:
    """A time in ISO 8601, in UTC unless it says otherwise, or how long ago: 90s, 30m, 2h, 3d.

    Raises:
        InvalidParameterError: it is neither.
    """
    ago = _AGO.fullmatch(text)
    if ago:
        return Since(text, timedelta(**{_UNITS[ago[2]]: int(ago[1])}))
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidParameterError(
            f"--since takes a time such as 2026-11-24T02:00:00Z, or how long ago, such as 90s, "
            f"30m, 2h or 3d: got {text!r}"
        ) from None
    return Since(text, at if at.tzinfo else at.replace(tzinfo=UTC))


def _by_id(ids: Iterable[int], after: int) -> Queue:
    users = np.unique(np.fromiter(ids, np.int64))
    kept = users[users > after]
    return Queue(kept, kept)


def _sorted(users: NDArray[np.int64], places: NDArray[np.int64]) -> Queue:
    order = np.argsort(places, kind="stable")
    return Queue(users[order], places[order])


def _scanned(client: Redis, prefix: str) -> NDArray[np.int64]:
    names = cast(Iterator[bytes], client.scan_iter(match=f"{prefix}*", count=_SCANNED))
    return np.fromiter((int(name[len(prefix) :]) for name in names), np.int64)


def _entries(ratings: Redis, first: str) -> Iterator[tuple[tuple[int, int], dict[bytes, bytes]]]:
    while page := cast(_Page, ratings.xrange(keys.STREAM, first, "+", count=_PAGE)):
        yield from ((entry_id(one), said) for one, said in page)
        first = f"({page[-1][0].decode()}"
