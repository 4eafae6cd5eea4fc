"""Ranking again for some users, in one generation: the same bytes whoever does it how often."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from redis import Redis

from batch.dataset import Histories
from batch.scoring import BLOCK
from batch.threads import in_threads
from batch.user_lists import user_lists
from batch.worker.folding import fold, histories_of
from batch.worker.targets import Target
from schemas import keys, overlay_codec
from schemas.chunks import chunks
from schemas.forgetting import Forgotten
from schemas.ratings import NOTHING, Recent, read_recent, revision
from schemas.records import UserId
from schemas.store import forgetting, overlays
from schemas.store.overlays import Overlay

Markers = Mapping[UserId, Forgotten]

_EMPTY = fold(None, (), {})


@dataclass(frozen=True, slots=True)
class Stores:
    """Where lists are and where ratings are; they may be the same Redis."""

    lists: Redis
    ratings: Redis


@dataclass(frozen=True, slots=True)
class Known:
    """What a user's list follows from: the nightly history, and what was rated since."""

    stored: bytes | None
    recent: tuple[Recent, ...]

    def newest(self, watermark: tuple[int, int]) -> tuple[int, int]:
        """The last entry of the stream that a list made from it knows."""
        return max(watermark, self.recent[-1].entry) if self.recent else watermark


def rerank(stores: Stores, target: Target, users: Sequence[UserId]) -> None:
    """Write the lists of those who have rated something that the nightly lists do not know.

    A list follows from the nightly history and the recent ratings alone, and is numbered by the
    newest of them: two workers with the same user cannot undo each other's work, and doing it
    again changes nothing.

    Raises:
        PayloadError: something that is stored of one of them cannot be read.
        RedisError: a store is away; doing it again is harmless.
    """

    def due(users: Sequence[UserId], markers: Markers) -> list[Overlay]:
        known = knowledge(stores, target, users, markers)
        news = {user: one for user, one in known.items()
                if one.newest(target.watermark) > target.watermark}  # fmt: skip
        return overlays_of(target, news)

    store(stores, users, due)


def store(
    stores: Stores,
    users: Sequence[UserId],
    make: Callable[[Sequence[UserId], Markers], list[Overlay]],
) -> dict[UserId, bool]:
    """Write the lists that `make` gives for some users, of whom it is told who was forgotten.

    Returns for whom lists were made, and whether they were written: not over one that knows more.
    """
    written: dict[UserId, bool] = {}
    while users:
        markers = forgetting.forgotten_among(stores.ratings, users)
        made = make(users, markers)
        found = overlays.write(stores.lists, made)
        written |= {one.user_id: done for one, done in zip(made, found, strict=True)}
        # Who asks to be forgotten from here on has these erased; who asked before has not.
        after = forgetting.forgotten_among(stores.ratings, users)
        gone = {user for user in users if after.get(user) != markers.get(user)}
        overlays.remove(stores.lists, (one for one in made if one.user_id in gone))
        written = {user: done for user, done in written.items() if user not in gone}
        users = sorted(gone)
    return written


def outdated(stores: Stores, target: Target, users: Sequence[UserId]) -> list[UserId]:
    """Those of some users whose list in a generation lacks some of their recent ratings."""
    newest = {user: rows[-1].entry for user, rows in _recent(stores.ratings, users, {}).items()}
    waiting = [user for user, entry in newest.items() if entry > target.watermark]
    stored = values(stores.lists, [keys.overlay(target.generation, one) for one in waiting])
    return [
        user
        for user, payload in zip(waiting, stored, strict=True)
        if payload is None or overlay_codec.decode(payload)[0] < revision(newest[user])
    ]


def knowledge(
    stores: Stores, target: Target, users: Sequence[UserId], markers: Markers
) -> dict[UserId, Known]:
    """Of those of some users of whom anything is known."""
    recent = _recent(stores.ratings, users, markers)
    histories = _histories(stores.lists, target, users, markers)
    known = {user: Known(histories[user], recent.get(user, ())) for user in users}
    return {user: one for user, one in known.items() if one.stored is not None or one.recent}


def overlays_of(target: Target, known: Mapping[UserId, Known]) -> list[Overlay]:
    """The list of each, but, like the nightly run, none where no title of the catalogue is known.

    Where nobody has rated since, it is numbered by what the night knew.
    """
    folded = {user: fold(one.stored, one.recent, target.column_of) for user, one in known.items()}
    some = {user: payload for user, payload in folded.items() if payload != _EMPTY}
    rankings = _rank(target, histories_of(some)) if some else []
    return [
        Overlay(target.generation, user, numbered(known[user].newest(target.watermark)), ranking)
        for user, ranking in zip(some, rankings, strict=True)
    ]


def numbered(entry: tuple[int, int]) -> int:
    """The revision of a list that knows ratings up to an entry; 0 is that of a nightly list."""
    return max(1, revision(entry))


def values(client: Redis, names: Iterable[str]) -> list[bytes | None]:
    """What is stored under some keys."""
    return [one for some in chunks(names) for one in cast(list[bytes | None], client.mget(some))]


def _rank(target: Target, histories: Histories) -> list[bytes]:
    def rank(block: Histories) -> list[bytes]:
        return list(user_lists(target.model, target.rules, block, target.lists))

    return [ranking for some in in_threads(rank, histories.blocks(BLOCK)) for ranking in some]


def _recent(
    ratings: Redis, users: Sequence[UserId], markers: Markers
) -> dict[UserId, tuple[Recent, ...]]:
    """Of those who have any, what they have rated since they asked to be forgotten, if ever."""
    found = values(ratings, [keys.recent(user) for user in users])
    rows = {user: read_recent(one) for user, one in zip(users, found, strict=True) if one}
    since = {user: markers[user].last if user in markers else NOTHING for user in rows}
    kept = {user: tuple(one for one in rows[user] if one.entry > since[user]) for user in rows}
    return {user: some for user, some in kept.items() if some}


def _histories(
    lists: Redis, target: Target, users: Sequence[UserId], markers: Markers
) -> dict[UserId, bytes | None]:
    """Nightly histories, but none of before a user asked to be forgotten."""
    found = values(lists, [keys.history(target.generation, user) for user in users])
    forgotten = {
        user for user in users if user in markers and markers[user].covers(target.generation)
    }
    return {
        user: None if user in forgotten else one for user, one in zip(users, found, strict=True)
    }
