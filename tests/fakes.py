"""Stand-ins for what is slow or far away; each passes the suite of what it stands for."""

from collections.abc import Sequence

from api import lines
from api.catalogue import prepare
from api.lines import Lines
from api.repository import Loaded, Made, UserState
from api.selection import Reader
from schemas import audiences_codec, history_codec, ranking_codec
from schemas.errors import NothingPublishedError
from schemas.insights import Audience, Insights
from schemas.pointer import Pointer, Variant
from schemas.records import AnimeId, Column, Generation, Neighbour, Ranking, UserId
from schemas.store.health import Health
from tests.builders import SmallGeneration, described, influence, people


class InMemoryRankings:
    """Answers api.repository.Rankings from generations held as records."""

    def __init__(self, *generations: SmallGeneration, previous: Generation | None = None) -> None:
        self._generations = {one.generation: one for one in generations}
        self._live = generations[-1].generation if generations else None
        self._previous = previous

    def pointer(self) -> Pointer:
        if self._live is None:
            raise NothingPublishedError("nothing is published")
        return Pointer((Variant(self._live, 1.0),), self._previous)

    def load(self, generation: Generation) -> Loaded:
        found = self._generations.get(generation)
        if found is None:
            raise NothingPublishedError(f"{generation} is not stored")
        popular = _everything(found.popular)
        return Loaded.of(generation, described(found), prepare(found.anime), popular)

    @property
    def is_stale(self) -> bool:
        return False

    @property
    def is_at_hand(self) -> bool:
        return self._live is not None

    def keep_up(self) -> None:
        pass

    def user(
        self, generation: Generation, user_id: UserId, *, with_history: bool = False
    ) -> UserState:
        found = self._generations[generation].users.get(user_id)
        payload = None if found is None else ranking_codec.encode(found)
        history = (self.history(generation, user_id),) if with_history else ()
        return UserState(generation, user_id, payload, history=history)

    def keep(self, state: UserState, asked: tuple[str, bytes], made: Made) -> None:
        state.answers[asked] = made

    def similar_to(self, generation: Generation, anime_id: AnimeId, reader: Reader) -> Lines | None:
        return _found(self._generations[generation].similar.get(anime_id), reader)

    def neighbours(
        self, generation: Generation, user_id: UserId, limit: int
    ) -> tuple[Neighbour, ...] | None:
        found = self._generations[generation].neighbours.get(user_id)
        return None if found is None else tuple(people(found))[:limit]

    def influences(
        self, generation: Generation, anime_ids: Sequence[AnimeId]
    ) -> list[bytes | None]:
        rows = self._generations[generation].influences
        return [influence(rows[one]) if one in rows else None for one in anime_ids]

    def history(self, generation: Generation, user_id: UserId) -> bytes | None:
        found = self._generations[generation].histories.get(user_id)
        return None if found is None else history_codec.encode(found)

    def insights(self, generation: Generation) -> Insights | None:
        return self._generations[generation].insights

    def audience(self, generation: Generation, column: Column) -> Audience | None:
        found = self._generations[generation]
        payload = found.audiences
        return None if payload is None else audiences_codec.find(payload, column, found.genres)

    def health(self) -> Health:
        return Health({}, {}, 0, None)


class BrokenRankings(InMemoryRankings):
    """Raises the same error whatever is asked."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def pointer(self) -> Pointer:
        raise self._error


def _found(ranking: Ranking | None, reader: Reader) -> Lines | None:
    return None if ranking is None else reader(ranking_codec.encode(ranking))


def _everything(ranking: Ranking) -> Lines:
    return lines.read(ranking_codec.encode(ranking), ranking_codec.MAX_ENTRIES)
