"""The lists of a block of users in one generation, written where that changes what is served."""

from collections.abc import Sequence
from enum import StrEnum

from batch.worker.reranking import (
    Markers,
    Stores,
    knowledge,
    numbered,
    overlays_of,
    store,
    values,
)
from batch.worker.targets import Target
from schemas import keys, overlay_codec
from schemas.records import UserId
from schemas.store import forgetting
from schemas.store.overlays import Overlay


class Fate(StrEnum):
    """What became of a user's list."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    NEWER = "newer"
    """A worker has written one that knows more."""
    UNTITLED = "without_titles"
    UNKNOWN = "unknown"
    FAILED = "failed"


def recompute(stores: Stores, target: Target, users: Sequence[UserId]) -> dict[UserId, Fate]:
    """Rank again for some users, whether or not they have rated since the night.

    A list is written only where it is not the one that is served, and never over one that knows
    more; it is the list that a worker would write.

    Raises:
        PayloadError: something that is stored of one of them cannot be read.
        RedisError: a store is away; doing it again is harmless.
    """
    fates: dict[UserId, Fate] = {}

    def changed(some: Sequence[UserId], markers: Markers) -> list[Overlay]:
        found, made = ranked(stores, target, some, markers)
        fates.update(found)
        return made

    for user, stored in store(stores, users, changed).items():
        fates[user] = Fate.WRITTEN if stored else Fate.NEWER
    return fates


def rehearse(stores: Stores, target: Target, users: Sequence[UserId]) -> dict[UserId, Fate]:
    """What `recompute` would do, without doing it."""
    markers = forgetting.forgotten_among(stores.ratings, users)
    return ranked(stores, target, users, markers)[0]


def ranked(
    stores: Stores, target: Target, users: Sequence[UserId], markers: Markers
) -> tuple[dict[UserId, Fate], list[Overlay]]:
    """Everybody's fate, as far as one can say, and the lists that are not served yet."""
    known = knowledge(stores, target, users, markers)
    made = overlays_of(target, known)
    changed = _not_served(stores, target, made)
    fates = {user: Fate.UNTITLED if user in known else Fate.UNKNOWN for user in users}
    fates |= {one.user_id: Fate.UNCHANGED for one in made}
    fates |= {one.user_id: Fate.WRITTEN for one in changed}
    return fates, changed


def _not_served(stores: Stores, target: Target, made: Sequence[Overlay]) -> list[Overlay]:
    users = [one.user_id for one in made]
    overlays = values(stores.lists, [keys.overlay(target.generation, user) for user in users])
    nightly = values(stores.lists, [keys.user(target.generation, user) for user in users])
    night = numbered(target.watermark)
    return [
        one
        for one, over, list_ in zip(made, overlays, nightly, strict=True)
        if not _is_served(one, over, list_ if one.revision == night else None)
    ]


def _is_served(made: Overlay, overlay: bytes | None, nightly: bytes | None) -> bool:
    """`nightly` is None where that list cannot know what was rated since."""
    if overlay is not None:
        return overlay == overlay_codec.encode(made.revision, made.ranking)
    return nightly == made.ranking
