"""What became of the live lists: their age, how they differ from those before, who took them up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final, cast

from redis import Redis

from schemas import catalogue_codec, keys, ranking_codec
from schemas.errors import NothingPublishedError, PayloadError
from schemas.ratings import NOTHING, Rating, entry_id, read_fields
from schemas.records import AnimeId, Generation, Status, UserId
from schemas.store.control import NOTHING_YET, Control
from schemas.store.manifests import read_manifest
from schemas.store.register import started

DEPTH: Final = 20
"""How many of a list's first titles are looked at."""
_SAMPLED: Final = 500
"""Users whose lists are compared."""
_RATINGS: Final = 20_000
"""Ratings that are looked at, the newest ones."""
LIKED: Final = 7


@dataclass(frozen=True, slots=True)
class Lists:
    """The stored lists of one generation, as anime ids."""

    client: Redis
    generation: Generation
    shelf: Sequence[AnimeId]

    @classmethod
    def of(cls, client: Redis, generation: Generation) -> "Lists | None":
        """Those of a generation that is still stored."""
        payload = cast(bytes | None, client.get(keys.catalogue(generation)))
        if payload is None:
            return None
        return cls(client, generation, [one.anime_id for one in catalogue_codec.decode(payload)])

    def first(self, users: Sequence[UserId]) -> list[set[AnimeId]]:
        """The first titles of each user's list; of an unknown user none."""
        pipe = self.client.pipeline(transaction=False)
        for user in users:
            pipe.get(keys.user(self.generation, user))
        found = cast(list[bytes | None], pipe.execute())
        return [self._titles(payload) if payload else set() for payload in found]

    def _titles(self, payload: bytes) -> set[AnimeId]:
        return {self.shelf[one.column] for one in ranking_codec.decode(payload, DEPTH)}


def figures(client: Redis, ratings: Redis, now: datetime) -> dict[str, float]:
    """Age in hours, drift, and ratings since the live lists were made.

    Raises:
        NothingPublishedError: there are no lists.
    """
    pointer = Control(client).pointer()
    live = Lists.of(client, pointer.live[0].generation) if pointer else None
    if pointer is None or live is None:
        raise NothingPublishedError(NOTHING_YET)
    age = (now - started(live.generation)).total_seconds() / 3600
    before = Lists.of(client, pointer.previous) if pointer.previous else None
    drifted = {"drift": drift(before, live)} if before else {}
    return {"age_hours": age} | drifted | taken_up(live, since(ratings, watermark(live)))


def drift(before: Lists, now: Lists) -> float:
    """Which share of the first titles is new, on average over some users that both know; 0 to 1."""
    users = list(islice(_users(now), _SAMPLED))
    pairs = zip(before.first(users), now.first(users), strict=True)
    shares = [1 - len(old & new) / len(new) for old, new in pairs if old and new]
    return sum(shares) / len(shares) if shares else 0.0


def taken_up(lists: Lists, ratings: Sequence[Rating]) -> dict[str, float]:
    """How many ratings came, and which shares of them were of listed titles, and were liked."""
    firsts = lists.first([one.user_id for one in ratings])
    listed = [
        one
        for one, titles in zip(ratings, firsts, strict=True)
        if one.anime_id in titles and one.status is not Status.DROPPED
    ]
    found = {"ratings": float(len(ratings))}
    if ratings:
        found["accepted"] = len(listed) / len(ratings)
    rated = [one for one in listed if one.rating]
    if rated:
        found["accepted/liked"] = sum(one.rating >= LIKED for one in rated) / len(rated)
    return found


def watermark(lists: Lists) -> tuple[int, int]:
    """The last rating that the lists know."""
    manifest = read_manifest(lists.client, lists.generation)
    return entry_id(manifest.watermark) if manifest and manifest.watermark else NOTHING


def since(ratings: Redis, after: tuple[int, int]) -> list[Rating]:
    """The newest ratings of the stream behind an entry."""
    page = ratings.xrevrange(keys.STREAM, "+", "({}-{}".format(*after), count=_RATINGS)
    return list(_readable(cast(list[tuple[bytes, dict[bytes, bytes]]], page)))


def _readable(page: Sequence[tuple[bytes, dict[bytes, bytes]]]) -> Iterator[Rating]:
    for _, said in page:
        try:
            yield read_fields(said)
        except PayloadError:
            continue  # the worker makes it a dead letter


def _users(lists: Lists) -> Iterator[UserId]:
    below = keys.prefix(lists.generation, "u")
    for key in lists.client.scan_iter(f"{below}*", count=1000):
        yield UserId(int(key.decode().removeprefix(below)))
