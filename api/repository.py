"""Where the API gets its rankings. The Protocol is the seam; Redis is one answer to it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from threading import Lock, Thread
from typing import Final, NamedTuple, Protocol, TypeVar

from redis import Redis
from redis.cluster import RedisCluster

from api import lines, owned, selection, waiting
from api.breaker import Breaker
from api.cache import Cache
from api.catalogue import Catalogue, prepare
from api.freshness import Freshness
from api.lines import Lines
from api.parameters import MAX_LIMIT, Listing
from api.reads import Reads
from api.selection import Reader
from schemas import (
    audiences_codec,
    catalogue_codec,
    documents,
    insights_codec,
    keys,
    neighbours_codec,
    overlay_codec,
    ranking_codec,
    ratings,
)
from schemas.errors import NothingPublishedError, PayloadError, RecommenderError
from schemas.insights import Audience, Insights
from schemas.manifests import GenerationManifest
from schemas.newcomers import fame_weight
from schemas.pointer import Pointer
from schemas.ratings import Recent
from schemas.records import AnimeId, Column, Generation, Neighbour, UserId
from schemas.store import forgetting
from schemas.store.health import Health, look

KEPT: Final = 3
"""Generations held in memory: two live ones, and one before for requests still running."""
ANSWERS_KEPT: Final = 4
"""Of one user, for different parameters."""
LONGEST_QUERY: Final = 200
_STATE_BYTES: Final = 900
_VALUE_BYTES: Final = 300
_ANSWER_BYTES: Final = 500
"""What Python needs beside the bytes themselves, measured with tracemalloc and rounded up."""

Decoded = TypeVar("Decoded")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What every request of one generation needs, read once.

    For live answers, `worth_of_marks` says how much a title counts by its mark, and `fame_weight`
    how much fame does for somebody of whom so many titles are known.
    """

    generation: Generation
    manifest: GenerationManifest
    catalogue: Catalogue
    popular: Lines
    popular_shown: Lines
    worth_of_marks: owned.Worth
    fame_weight: Callable[[int], float]

    @classmethod
    def of(
        cls,
        generation: Generation,
        manifest: GenerationManifest,
        catalogue: Catalogue,
        popular: Lines,
    ) -> "Loaded":
        """Work out what strangers are shown of the popular list, once."""
        most = selection.wanted(Listing(limit=MAX_LIMIT))
        nothing = catalogue.order.known(*owned.NOTHING)
        shown = selection.arranged(popular, nothing, catalogue.order, most)
        worth = owned.worth_of_marks(manifest.strengths)
        weight = lru_cache(maxsize=256)(partial(fame_weight, manifest.fame))
        return cls(generation, manifest, catalogue, popular, shown, worth, weight)


class Made(NamedTuple):
    """A finished answer; `tag` identifies it among all that were ever given for its address."""

    tag: str
    body: bytes
    source: str


@dataclass(frozen=True, slots=True)
class UserState:
    """All that an answer for a user follows from, in one generation.

    `ranking` is None for somebody of whom no list is stored; `revision` is that of an overlay,
    0 for a nightly list. `history` holds what is stored of theirs, nothing where it was not read.
    `answers` were made from it, by variant and parameters; None where one
    was made once, and will be kept the next time: most users come for one page and go.
    """

    generation: Generation
    user_id: UserId
    ranking: bytes | None = None
    revision: int = 0
    recent: tuple[Recent, ...] = ()
    history: tuple[bytes | None, ...] = ()
    answers: dict[tuple[str, bytes], Made | None] = field(default_factory=dict, compare=False)

    @property
    def is_behind(self) -> bool:
        """Whether there are ratings that the list does not know."""
        return bool(self.recent) and self.revision < ratings.revision(self.recent[-1].entry)

    def read(self, reader: Reader) -> Lines | None:
        """What a reader shows of the list, None where there is none.

        Raises:
            PayloadError: it cannot be read; the message names the key.
        """
        if self.ranking is None:
            return None
        family = keys.overlay if self.revision else keys.user
        return _decode(family(self.generation, self.user_id), self.ranking, reader)


class NotAtHandError(RecommenderError):
    """What is asked for takes longer than an event loop may wait; a thread has to do it."""


class Rankings(Protocol):
    """A list that is not stored is None, an ordinary answer; a broken store raises.

    A reader says what is to be shown of a stored list.

    A request asks for the pointer once and reads everything from the generation it chose.

    Raises:
        NothingPublishedError: no generation is live, or the one asked for is gone.
        PayloadError: what is stored cannot be read; the message names the key.
        RedisError: the store did not answer.
    """

    @property
    def is_stale(self) -> bool:
        """Whether answers may be old, since the store is away."""

    @property
    def is_at_hand(self) -> bool:
        """Whether somebody on an event loop, who may only wait for values, can be answered."""

    def keep_up(self) -> None:
        """Look at what has changed, as whoever asks in a thread does now and then, and load it."""

    def pointer(self) -> Pointer: ...
    def load(self, generation: Generation) -> Loaded: ...
    def user(
        self, generation: Generation, user_id: UserId, *, with_history: bool = False
    ) -> UserState:
        """What is known of a user; their history too if it is likely to be asked for."""

    def keep(self, state: UserState, asked: tuple[str, bytes], made: Made) -> None:
        """Remember an answer for as long as what it was made from."""

    def similar_to(
        self, generation: Generation, anime_id: AnimeId, reader: Reader
    ) -> Lines | None: ...
    def neighbours(
        self, generation: Generation, user_id: UserId, limit: int
    ) -> tuple[Neighbour, ...] | None:
        """Without those who asked to be forgotten since."""

    def influences(
        self, generation: Generation, anime_ids: Sequence[AnimeId]
    ) -> list[bytes | None]:
        """One influence row for each title, in their order; None where a title has none."""

    def history(self, generation: Generation, user_id: UserId) -> bytes | None:
        """What a user has done with titles, as history_codec stores it."""

    def insights(self, generation: Generation) -> Insights | None:
        """What is told of everybody; None where the generation is older than that."""

    def audience(self, generation: Generation, column: Column) -> Audience | None:
        """Who likes a title; None where it is not known, mostly since too few do."""

    def health(self) -> Health:
        """How runs went, and what waits."""


class RedisRankings:
    """At most one round trip for a user's list, none for one that is remembered. Titles of a new
    generation can be looked up at once; finding them by name gets ready meanwhile.

    `ratings` is where ratings go and changes are told, by default the same Redis.
    """

    def __init__(
        self,
        lists: Redis,
        ratings: Redis | None = None,
        cache_bytes: int = 0,
        clock: Callable[[], float] = time.monotonic,
        notes: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._lists, self._ratings = lists, ratings or lists
        self._reads = Reads(lists)
        self._recent = self._reads if self._ratings is lists else Reads(self._ratings)
        self._one_server = self._lists is self._ratings and not isinstance(lists, RedisCluster)
        self._notes = notes
        self._breaker = Breaker(clock, lambda: notes("fault"))
        self._cached = cache_bytes > 0
        self._users: Cache[UserState] = Cache(cache_bytes * 3 // 4)
        self._values: Cache[tuple[bytes | None]] = Cache(cache_bytes // 4)
        self._freshness = Freshness(lists, self._ratings, self._breaker, self._changed, clock)
        self._loaded: dict[Generation, Loaded] = {}
        self._loading = Lock()

    @property
    def is_stale(self) -> bool:
        return self._freshness.is_stale

    @property
    def is_at_hand(self) -> bool:
        seen = self._freshness.seen
        if seen is None or self.is_stale:
            return False
        return all(one.generation in self._loaded for one in seen.live)

    def keep_up(self) -> None:
        self._freshness.keep_up()
        for one in self._freshness.seen.live if self._freshness.seen else ():
            self.load(one.generation)

    def pointer(self) -> Pointer:
        return self._freshness.pointer()

    def load(self, generation: Generation) -> Loaded:
        found = self._loaded.get(generation)
        if found is None and waiting.on_loop():
            raise NotAtHandError(f"{generation} is not loaded yet")
        return found or self._load_once(generation)

    def user(
        self, generation: Generation, user_id: UserId, *, with_history: bool = False
    ) -> UserState:
        known = self._users.get(user_id)
        if known is None or known.generation != generation:
            return self._read_user(generation, user_id, with_history)
        # Where nobody could ask of late, the store is away: an old answer is better than none.
        self._notes("stale" if self._freshness.is_stale else "hit")
        return known

    def keep(self, state: UserState, asked: tuple[str, bytes], made: Made) -> None:
        if not self._cached or len(asked[1]) > LONGEST_QUERY:
            return
        if asked in state.answers:
            state.answers[asked] = made
            size = len(made.body) + len(asked[1]) + _ANSWER_BYTES
            self._users.grow(state.user_id, state, size)
        elif len(state.answers) < ANSWERS_KEPT:
            state.answers[asked] = None

    def similar_to(self, generation: Generation, anime_id: AnimeId, reader: Reader) -> Lines | None:
        key = keys.similar(generation, anime_id)
        payload = self._many([key])[0]
        return None if payload is None else _decode(key, payload, reader)

    def neighbours(
        self, generation: Generation, user_id: UserId, limit: int
    ) -> tuple[Neighbour, ...] | None:
        key = keys.neighbours(generation, user_id)
        payload = self._get(key)
        if payload is None:
            return None
        found = _decode(key, payload, neighbours_codec.decode)
        gone = self._breaker.call(
            lambda: forgetting.forgotten_among(self._ratings, (one.user_id for one in found))
        )
        hidden = {user for user, marker in gone.items() if marker.covers(generation)}
        return tuple(one for one in found if one.user_id not in hidden)[:limit]

    def influences(
        self, generation: Generation, anime_ids: Sequence[AnimeId]
    ) -> list[bytes | None]:
        return self._many(keys.influences(generation, anime_ids))

    def history(self, generation: Generation, user_id: UserId) -> bytes | None:
        return self._get(keys.history(generation, user_id))

    def insights(self, generation: Generation) -> Insights | None:
        key = keys.insights(generation)
        payload = self._many([key])[0]
        return None if payload is None else _decode(key, payload, insights_codec.decode)

    def audience(self, generation: Generation, column: Column) -> Audience | None:
        key, genres = keys.audiences(generation), self.load(generation).manifest.genres
        payload = self._many([key])[0]
        find = partial(audiences_codec.find, column=column, genres=genres)
        return None if payload is None else _decode(key, payload, find)

    def health(self) -> Health:
        return self._breaker.call(lambda: look(self._lists, self._ratings))

    def _read_user(self, generation: Generation, user_id: UserId, with_history: bool) -> UserState:
        epoch = self._freshness.epoch
        names = [keys.user(generation, user_id), keys.overlay(generation, user_id)]
        if with_history:
            names.append(keys.history(generation, user_id))
        recent, stored, overlay, *history = self._breaker.call(
            lambda: self._of_user(names, user_id)
        )
        revision, ranking = 0, stored
        if overlay is not None:
            name = keys.overlay(generation, user_id)
            revision, ranking = _decode(name, overlay, overlay_codec.decode)
        news = _decode(keys.recent(user_id), recent, ratings.read_recent) if recent else ()
        state = UserState(generation, user_id, ranking, revision, news, tuple(history))
        self._notes("miss")
        if self._cached and not self._freshness.is_stale:
            size = _STATE_BYTES + sum(len(one or b"") for one in (ranking, *history))
            size += 150 * len(news)
            self._users.put(user_id, state, size)
            if epoch != self._freshness.epoch:  # told of a change before it could be dropped
                self._users.drop(user_id)
        return state

    def _of_user(self, names: Sequence[str], user_id: UserId) -> list[bytes | None]:
        """Their recent ratings, and some nightly values."""
        if self._one_server:
            return self._reads.many([keys.recent(user_id), *names])
        recent = self._recent.many([keys.recent(user_id)])
        return [*recent, *self._reads.many(names)]

    def _many(self, names: Sequence[str]) -> list[bytes | None]:
        """Nightly values, which never change: those not remembered are read at once."""
        if not self._cached:
            return self._breaker.call(lambda: self._reads.many(names))
        found = {name: kept for name in names if (kept := self._values.get(name)) is not None}
        missing = [name for name in names if name not in found]
        if missing:
            read = self._breaker.call(lambda: self._reads.many(missing))
            for name, payload in zip(missing, read, strict=True):
                found[name] = (payload,)
                self._values.put(name, (payload,), _VALUE_BYTES + len(payload or b""))
        return [found[name][0] for name in names]

    def _changed(self, user_id: UserId | None) -> None:
        if user_id is None:
            self._users.clear()
        else:
            self._users.drop(user_id)

    def _load_once(self, generation: Generation) -> Loaded:
        with self._loading:
            if generation not in self._loaded:
                made = self._loaded[generation] = self._load(generation)
                Thread(target=made.catalogue.titles.make_ready, name="titles").start()
                while len(self._loaded) > KEPT:
                    del self._loaded[next(iter(self._loaded))]
            return self._loaded[generation]

    def _load(self, generation: Generation) -> Loaded:
        popular = keys.popular(generation)
        payload = self._get(popular)
        catalogue = prepare(self._require(keys.catalogue(generation), catalogue_codec.decode))
        everything = partial(_everything, titles=len(catalogue.anime))
        return Loaded.of(
            generation,
            self._require(keys.manifest(generation), _manifest),
            catalogue,
            Lines() if payload is None else _decode(popular, payload, everything),
        )

    def _require(self, key: str, decode: Callable[[bytes], Decoded]) -> Decoded:
        payload = self._get(key)
        if payload is None:
            raise NothingPublishedError(f"{key} is not stored")
        return _decode(key, payload, decode)

    def _get(self, key: str) -> bytes | None:
        return self._breaker.call(lambda: self._reads.many([key]))[0]


def _everything(payload: bytes, titles: int) -> Lines:
    found = lines.read(payload, ranking_codec.MAX_ENTRIES)
    last = max(found.columns, default=-1)
    if last >= titles:
        raise PayloadError(f"the ranking names title {last} of {titles}")
    return found


def _manifest(text: bytes) -> GenerationManifest:
    return documents.load(GenerationManifest, text)


def _decode(key: str, payload: bytes, decode: Callable[[bytes], Decoded]) -> Decoded:
    try:
        return decode(payload)
    except PayloadError as error:
        raise PayloadError(f"{key}: {error}") from error
