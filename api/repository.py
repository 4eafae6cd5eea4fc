"""Where the API gets its rankings. The Protocol is the seam; Redis is one answer to it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final, Protocol, TypeVar, cast

from redis import Redis

from api import lines, selection
from api.catalogue import Catalogue, prepare
from api.lines import Lines
from api.parameters import MAX_LIMIT, Listing
from api.selection import Known, Reader
from schemas import catalogue_codec, documents, keys, neighbours_codec, pointer, ranking_codec
from schemas.errors import NothingPublishedError, PayloadError
from schemas.manifests import GenerationManifest
from schemas.pointer import Pointer
from schemas.records import AnimeId, Generation, Neighbour, UserId

POINTER_SECONDS: Final = 1.0
KEPT: Final = 2
"""Generations held in memory: the live one, and the one before for requests still running."""

Decoded = TypeVar("Decoded")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What every request of one generation needs, read once."""

    generation: Generation
    manifest: GenerationManifest
    catalogue: Catalogue
    popular: Lines
    popular_shown: Lines

    @classmethod
    def of(
        cls,
        generation: Generation,
        manifest: GenerationManifest,
        catalogue: Catalogue,
        popular: Lines,
    ) -> "Loaded":
        """Work out what strangers are shown of the popular list, once."""
        most = Listing(limit=MAX_LIMIT)
        shown = selection.arranged(popular, Known(), catalogue.rules, most)
        return cls(generation, manifest, catalogue, popular, shown)


class Rankings(Protocol):
    """A list that is not stored is None, an ordinary answer; a broken store raises.

    A reader says what is to be shown of a stored list.

    A request asks for the pointer once and reads everything from the generation it chose.

    Raises:
        NothingPublishedError: no generation is live, or the one asked for is gone.
        PayloadError: what is stored cannot be read; the message names the key.
        RedisError: the store did not answer.
    """

    def pointer(self) -> Pointer: ...
    def load(self, generation: Generation) -> Loaded: ...
    def for_user(self, generation: Generation, user_id: UserId, reader: Reader) -> Lines | None: ...
    def similar_to(
        self, generation: Generation, anime_id: AnimeId, reader: Reader
    ) -> Lines | None: ...
    def neighbours(
        self, generation: Generation, user_id: UserId, limit: int
    ) -> tuple[Neighbour, ...] | None: ...
    def influences(
        self, generation: Generation, anime_ids: Sequence[AnimeId]
    ) -> list[bytes | None]:
        """One influence row for each title, in their order; None where a title has none."""

    def history(self, generation: Generation, user_id: UserId) -> bytes | None:
        """What a user has done with titles, as history_codec stores it."""


class RedisRankings:
    """One GET for a list; the pointer is read about once a second, the rest once."""

    def __init__(self, client: Redis, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._clock = client, clock
        self._pointer: tuple[float, Pointer] | None = None
        self._loaded: dict[Generation, Loaded] = {}
        self._loading = Lock()

    def pointer(self) -> Pointer:
        now, known = self._clock(), self._pointer
        if known is not None and now < known[0]:
            return known[1]
        fresh = self._read_pointer()
        self._pointer = (now + POINTER_SECONDS, fresh)
        return fresh

    def load(self, generation: Generation) -> Loaded:
        return self._loaded.get(generation) or self._load_once(generation)

    def for_user(self, generation: Generation, user_id: UserId, reader: Reader) -> Lines | None:
        return self._lines(keys.user(generation, user_id), reader)

    def similar_to(self, generation: Generation, anime_id: AnimeId, reader: Reader) -> Lines | None:
        return self._lines(keys.similar(generation, anime_id), reader)

    def neighbours(
        self, generation: Generation, user_id: UserId, limit: int
    ) -> tuple[Neighbour, ...] | None:
        key = keys.neighbours(generation, user_id)
        payload = self._get(key)
        if payload is None:
            return None
        return _decode(key, payload, lambda found: neighbours_codec.decode(found, limit))

    def influences(
        self, generation: Generation, anime_ids: Sequence[AnimeId]
    ) -> list[bytes | None]:
        if not anime_ids:
            return []
        wanted = [keys.influence(generation, anime_id) for anime_id in anime_ids]
        return cast(list[bytes | None], self._client.mget(wanted))

    def history(self, generation: Generation, user_id: UserId) -> bytes | None:
        return self._get(keys.history(generation, user_id))

    def _read_pointer(self) -> Pointer:
        text = cast(bytes | None, self._client.hget(keys.CONTROL, "pointer"))
        if text is None:
            raise NothingPublishedError(f"{keys.CONTROL} has no pointer")
        return _decode(keys.CONTROL, text, pointer.decode)

    def _load_once(self, generation: Generation) -> Loaded:
        with self._loading:
            if generation not in self._loaded:
                self._loaded[generation] = self._load(generation)
                while len(self._loaded) > KEPT:
                    del self._loaded[next(iter(self._loaded))]
            return self._loaded[generation]

    def _load(self, generation: Generation) -> Loaded:
        return Loaded.of(
            generation,
            self._require(keys.manifest(generation), _manifest),
            prepare(self._require(keys.catalogue(generation), catalogue_codec.decode)),
            self._lines(keys.popular(generation), _everything) or Lines(),
        )

    def _lines(self, key: str, reader: Reader) -> Lines | None:
        payload = self._get(key)
        return None if payload is None else _decode(key, payload, reader)

    def _require(self, key: str, decode: Callable[[bytes], Decoded]) -> Decoded:
        payload = self._get(key)
        if payload is None:
            raise NothingPublishedError(f"{key} is not stored")
        return _decode(key, payload, decode)

    def _get(self, key: str) -> bytes | None:
        return cast(bytes | None, self._client.get(key))  # decode_responses stays off


def _everything(payload: bytes) -> Lines:
    return lines.read(payload, ranking_codec.MAX_ENTRIES)


def _manifest(text: bytes) -> GenerationManifest:
    return documents.load(GenerationManifest, text)


def _decode(key: str, payload: bytes, decode: Callable[[bytes], Decoded]) -> Decoded:
    try:
        return decode(payload)
    except PayloadError as error:
        raise PayloadError(f"{key}: {error}") from error
