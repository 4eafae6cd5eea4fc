"""What the API answers, said without Flask and without Redis."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Literal

from api import live
from api.bodies import GivenTitle, LiveRequest
from api.lines import Lines
from api.repository import Loaded, Rankings
from schemas.errors import RecommenderError
from schemas.manifests import GenerationManifest
from schemas.records import Anime, AnimeId, Column, Generation, Neighbour, Status, UserId
from schemas.strengths import strength

Source = Literal["precomputed", "live", "popular"]

LIKED: Final = 10
"""The rating that a title named without rating and status counts as."""


class UnknownAnimeError(RecommenderError):
    """The catalogue of the live generation has no such title."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`lines` come from `source`; `topped_up` follow them and come from the popular list."""

    loaded: Loaded
    source: Source
    lines: Lines
    topped_up: Lines = field(default_factory=Lines)
    ignored: tuple[AnimeId, ...] = ()


@dataclass(frozen=True, slots=True)
class People:
    """Users of similar taste, nearest first; always precomputed."""

    loaded: Loaded
    neighbours: tuple[Neighbour, ...]


def current(rankings: Rankings) -> Loaded:
    """The generation that this request reads everything from."""
    return rankings.load(rankings.pointer().live[0].generation)


def describe(rankings: Rankings) -> tuple[GenerationManifest, Generation | None]:
    """What is live, and what a rollback would return to."""
    pointer = rankings.pointer()
    return rankings.load(pointer.live[0].generation).manifest, pointer.previous


def recommend(rankings: Rankings, user_id: UserId, limit: int) -> Answer:
    """Serve the stored ranking, or the popular one for a cold-start user."""
    loaded = current(rankings)
    stored = rankings.for_user(loaded.generation, user_id, limit)
    if stored is None:
        return Answer(loaded, "popular", _popular(loaded, frozenset(), limit))
    return Answer(loaded, "precomputed", stored)


def similar(rankings: Rankings, anime_id: AnimeId, limit: int) -> Answer:
    """Serve an anime's similar titles; none are stored for a title nobody can compare.

    Raises:
        UnknownAnimeError: the catalogue lacks the anime.
    """
    loaded = current(rankings)
    _column(loaded, anime_id)
    stored = rankings.similar_to(loaded.generation, anime_id, limit)
    return Answer(loaded, "precomputed", Lines() if stored is None else stored)


def similar_users(rankings: Rankings, user_id: UserId, limit: int) -> People:
    """Serve a user's nearest users: none for somebody unknown, or whose taste is."""
    loaded = current(rankings)
    return People(loaded, rankings.neighbours(loaded.generation, user_id, limit) or ())


def anime(rankings: Rankings, anime_id: AnimeId) -> Anime:
    """Look one title up.

    Raises:
        UnknownAnimeError: the catalogue lacks the anime.
    """
    loaded = current(rankings)
    return loaded.catalogue.anime[_column(loaded, anime_id)]


def recommend_live(rankings: Rankings, request: LiveRequest) -> Answer:
    """Rank for the titles of a request, then fill up from the popular list.

    Titles given or excluded never come back. If nothing scores above zero, the whole answer
    is popular.
    """
    loaded = current(rankings)
    column_of = loaded.catalogue.column_of
    usable = {column_of[t.anime_id]: t for t in request.titles if t.anime_id in column_of}
    ignored = tuple(t.anime_id for t in request.titles if t.anime_id not in column_of)
    excluded = [column_of[anime_id] for anime_id in request.exclude if anime_id in column_of]
    banned = {*usable, *excluded}
    limit = request.listing.limit
    found = _live(rankings, loaded, usable, banned, limit)
    rest = _popular(loaded, banned.union(found.columns), limit - len(found.columns))
    if not found.columns:
        return Answer(loaded, "popular", rest, ignored=ignored)
    return Answer(loaded, "live", found, rest, ignored)


def _live(
    rankings: Rankings,
    loaded: Loaded,
    usable: Mapping[Column, GivenTitle],
    banned: Collection[Column],
    limit: int,
) -> Lines:
    if not usable:
        return Lines()
    table = loaded.manifest.strengths
    rows = rankings.influences(loaded.generation, [t.anime_id for t in usable.values()])
    strengths = [_strength(table, title) for title in usable.values()]
    influences = live.weigh(list(usable), strengths, rows)
    return live.best(influences, len(loaded.catalogue.anime), list(banned), limit)


def _strength(table: Mapping[str, float], title: GivenTitle) -> float:
    if title.rating == 0 and title.status is Status.UNKNOWN:
        return strength(table, LIKED, title.status)
    return strength(table, title.rating, title.status)


def _popular(loaded: Loaded, banned: Collection[int], limit: int) -> Lines:
    kept = (i for i, column in enumerate(loaded.popular.columns) if column not in banned)
    chosen = list(islice(kept, limit))
    return Lines(
        [loaded.popular.columns[i] for i in chosen], [loaded.popular.scores[i] for i in chosen]
    )


def _column(loaded: Loaded, anime_id: AnimeId) -> Column:
    column = loaded.catalogue.column_of.get(anime_id)
    if column is None:
        raise UnknownAnimeError(f"anime {anime_id} is not in the catalogue")
    return column
