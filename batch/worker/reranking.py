"""Ranking again for some users, in one generation: the same bytes whoever does it how often."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from redis import Redis

from batch.chunks import chunks
from batch.dataset import Histories
from batch.scoring import BLOCK
from batch.threads import in_threads
from batch.user_lists import user_lists
from batch.worker.folding import fold, histories_of
from batch.worker.targets import Target
from schemas import keys, overlay_codec
from schemas.forgetting import Forgotten
from schemas.ratings import NOTHING, Recent, read_recent, revision
from schemas.records import UserId
from schemas.store import forgetting, overlays
from schemas.store.overlays import Overlay

_Markers = Mapping[UserId, Forgotten]


@dataclass(frozen=True, slots=True)
class Stores:
    """Where lists are and where ratings are; they may be the same Redis."""

    lists: Redis
    ratings: Redis


def rerank(stores: Stores, target: Target, users: Sequence[UserId]) -> None:
    """Write the lists of those who have rated something that the nightly lists do not know.

    A list follows from the nightly history and the recent ratings alone, and is numbered by the
    newest of them: two workers with the same user cannot undo each other's work, and doing it
    again changes nothing.

    Raises:
        PayloadError: something that is stored of one of them cannot be read.
        RedisError: a store is away; doing it again is harmless.
    """
    while users:
        markers = forgetting.forgotten_among(stores.ratings, users)
        written = _overlays(stores, target, users, markers)
        overlays.write(stores.lists, written)
        # Who asks to be forgotten from here on has these erased; who asked before has not.
        after = forgetting.forgotten_among(stores.ratings, users)
        gone = {user for user in users if after.get(user) != markers.get(user)}
        overlays.remove(stores.lists, (one for one in written if one.user_id in gone))
        users = sorted(gone)


def outdated(stores: Stores, target: Target, users: Sequence[UserId]) -> list[UserId]:
    """Those of some users whose list in a generation lacks some of their recent ratings."""
    newest = {user: rows[-1].entry for user, rows in _recent(stores.ratings, users, {}).items()}
    waiting = [user for user, entry in newest.items() if entry > target.watermark]
    stored = _values(stores.lists, [keys.overlay(target.generation, one) for one in waiting])
    return [
        user
        for user, payload in zip(waiting, stored, strict=True)
        if payload is None or overlay_codec.decode(payload)[0] < revision(newest[user])
    ]


def _overlays(
    stores: Stores, target: Target, users: Sequence[UserId], markers: _Markers
) -> list[Overlay]:
    recent = {
        user: rows
        for user, rows in _recent(stores.ratings, users, markers).items()
        if rows[-1].entry > target.watermark
    }
    stored = _histories(stores.lists, target, list(recent), markers)
    folded = {user: fold(stored[user], rows, target.column_of) for user, rows in recent.items()}
    # Like the nightly run, nothing for somebody of whom no title of the catalogue is known.
    some = {user: payload for user, payload in folded.items() if payload != fold(None, (), {})}
    rankings = _rank(target, histories_of(some)) if some else []
    return [
        Overlay(target.generation, user, revision(recent[user][-1].entry), ranking)
        for user, ranking in zip(some, rankings, strict=True)
    ]


def _rank(target: Target, histories: Histories) -> list[bytes]:
    def rank(block: Histories) -> list[bytes]:
        return list(user_lists(target.model, target.rules, block, target.lists))

    return [ranking for some in in_threads(rank, histories.blocks(BLOCK)) for ranking in some]


def _recent(
    ratings: Redis, users: Sequence[UserId], markers: _Markers
) -> dict[UserId, tuple[Recent, ...]]:
    """Of those who have any, what they have rated since they asked to be forgotten, if ever."""
    found = _values(ratings, [keys.recent(user) for user in users])
    rows = {user: read_recent(one) for user, one in zip(users, found, strict=True) if one}
    since = {user: markers[user].last if user in markers else NOTHING for user in rows}
    kept = {user: tuple(one for one in rows[user] if one.entry > since[user]) for user in rows}
    return {user: some for user, some in kept.items() if some}


def _histories(
    lists: Redis, target: Target, users: Sequence[UserId], markers: _Markers
) -> dict[UserId, bytes | None]:
    """Nightly histories, but none of before a user asked to be forgotten."""
    found = _values(lists, [keys.history(target.generation, user) for user in users])
    forgotten = {
        user for user in users if user in markers and markers[user].covers(target.generation)
    }
    return {
        user: None if user in forgotten else one for user, one in zip(users, found, strict=True)
    }


def _values(client: Redis, names: Iterable[str]) -> list[bytes | None]:
    return [one for some in chunks(names) for one in cast(list[bytes | None], client.mget(some))]
