"""What the API answers, said without Flask and without Redis."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from api import live, selection, variants
from api.bodies import GivenTitle, LiveRequest
from api.lines import Lines
from api.parameters import Listing
from api.repository import Loaded, Rankings, UserState
from api.selection import Known
from schemas import product_order
from schemas.errors import RecommenderError
from schemas.manifests import GenerationManifest
from schemas.product_order import Facts
from schemas.records import Anime, AnimeId, Column, Generation, Neighbour, Status, UserId
from schemas.strengths import strength

Source = Literal["precomputed", "refreshed", "live", "popular"]

CANDIDATES: Final = 200
"""How many of the best live titles the product rules choose from, as many as are stored."""
LIKED: Final = 10
"""The rating that a title named without rating and status counts as."""


class UnknownAnimeError(RecommenderError):
    """The catalogue of the live generation has no such title."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`lines` come from `source`; `topped_up` follow them and come from the popular list.

    `variant` is empty unless two generations are live; `stale`: the store is away.
    """

    loaded: Loaded
    source: Source
    lines: Lines
    topped_up: Lines = field(default_factory=Lines)
    ignored: tuple[AnimeId, ...] = ()
    variant: str = ""
    stale: bool = False


@dataclass(frozen=True, slots=True)
class People:
    """Users of similar taste, nearest first; always precomputed."""

    loaded: Loaded
    neighbours: tuple[Neighbour, ...]
    variant: str = ""


def current(rankings: Rankings) -> Loaded:
    """The generation that this request reads everything from."""
    return rankings.load(rankings.pointer().live[0].generation)


def describe(rankings: Rankings) -> tuple[GenerationManifest, Generation | None]:
    """What is live, and what a rollback would return to."""
    pointer = rankings.pointer()
    return rankings.load(pointer.live[0].generation).manifest, pointer.previous


def current_for(rankings: Rankings, user_id: UserId) -> tuple[Loaded, str]:
    """The generation that a user is served from, and its variant's name in an A/B test."""
    chosen, name = variants.of_user(rankings.pointer(), user_id)
    return rankings.load(chosen), name


def recommend(rankings: Rankings, user_id: UserId, listing: Listing) -> Answer:
    """Serve the stored ranking; to a cold-start user what they rated just now leads to, or the
    popular one.
    """
    loaded, variant = current_for(rankings, user_id)
    state = rankings.user(loaded.generation, user_id)
    answer = recommend_from(rankings, loaded, state, listing)
    return replace(answer, variant=variant, stale=rankings.is_stale)


def recommend_from(
    rankings: Rankings, loaded: Loaded, state: UserState, listing: Listing
) -> Answer:
    """Serve what is known of a user, without what they have rated since."""
    column_of = loaded.catalogue.column_of
    rated = {column_of[one.anime_id] for one in state.recent if one.anime_id in column_of}
    asked = replace(listing, limit=listing.limit + len(rated)) if rated else listing
    stored = state.read(selection.for_people(loaded.catalogue.rules, asked))
    if stored is not None:
        source: Source = "refreshed" if state.revision else "precomputed"
        return Answer(loaded, source, _without(stored, rated).head(listing.limit))
    if rated:
        return recommend_for(rankings, loaded, LiveRequest(_given(state), (), listing))
    return Answer(loaded, "popular", _popular(loaded, listing))


def _given(state: UserState) -> tuple[GivenTitle, ...]:
    return tuple(GivenTitle(one.anime_id, one.rating, one.status) for one in state.recent)


def _without(lines: Lines, columns: Collection[int]) -> Lines:
    if not columns:
        return lines
    return lines.pick([at for at, one in enumerate(lines.columns) if one not in columns])


def _popular(loaded: Loaded, listing: Listing) -> Lines:
    if selection.is_default(listing):
        return loaded.popular_shown.head(listing.limit)
    return selection.arranged(loaded.popular, Known(), loaded.catalogue.rules, listing)


def similar(rankings: Rankings, anime_id: AnimeId, listing: Listing) -> Answer:
    """Serve an anime's similar titles; none are stored for a title nobody can compare.

    Raises:
        UnknownAnimeError: the catalogue lacks the anime.
    """
    loaded = current(rankings)
    _column(loaded, anime_id)
    reader = selection.similar(loaded.catalogue.rules, listing)
    stored = rankings.similar_to(loaded.generation, anime_id, reader)
    lines = Lines() if stored is None else stored
    return Answer(loaded, "precomputed", lines, stale=rankings.is_stale)


def similar_users(rankings: Rankings, user_id: UserId, limit: int) -> People:
    """Serve a user's nearest users: none for somebody unknown, or whose taste is."""
    loaded, variant = current_for(rankings, user_id)
    return People(loaded, rankings.neighbours(loaded.generation, user_id, limit) or (), variant)


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
    answer = recommend_for(rankings, current(rankings), request)
    return replace(answer, stale=rankings.is_stale)


def recommend_for(rankings: Rankings, loaded: Loaded, request: LiveRequest) -> Answer:
    """The same, of a generation chosen before."""
    column_of, listing = loaded.catalogue.column_of, request.listing
    usable = {column_of[t.anime_id]: t for t in request.titles if t.anime_id in column_of}
    ignored = tuple(t.anime_id for t in request.titles if t.anime_id not in column_of)
    excluded = [column_of[anime_id] for anime_id in request.exclude if anime_id in column_of]
    known = _known(usable, excluded, loaded.catalogue.rules)
    facts = loaded.catalogue.rules
    found = _live(rankings, loaded, usable, known, listing)
    rest = replace(listing, limit=listing.limit - len(found.columns))
    more = selection.arranged(loaded.popular, known.and_shown(found.columns, facts), facts, rest)
    if not found.columns:
        return Answer(loaded, "popular", more, ignored=ignored)
    return Answer(loaded, "live", found, more, ignored)


def _known(usable: Mapping[Column, GivenTitle], excluded: Sequence[Column], facts: Facts) -> Known:
    statuses = {column: title.status for column, title in usable.items()}
    started = [one for one, status in statuses.items() if status is not Status.PLANNED]
    dropped = [one for one, status in statuses.items() if status is Status.DROPPED]
    return Known(
        banned=frozenset({*usable, *excluded}),
        started=frozenset(product_order.started_series(started, facts)),
        dropped=frozenset(facts.franchise[one] for one in dropped),
    )


def _live(
    rankings: Rankings,
    loaded: Loaded,
    usable: Mapping[Column, GivenTitle],
    known: Known,
    listing: Listing,
) -> Lines:
    if not usable:
        return Lines()
    table, size = loaded.manifest.strengths, len(loaded.catalogue.anime)
    rows = rankings.influences(loaded.generation, [t.anime_id for t in usable.values()])
    strengths = [_strength(table, title) for title in usable.values()]
    influences = live.weigh(list(usable), strengths, rows)
    candidates = live.best(influences, size, list(known.banned), CANDIDATES)
    shown = selection.arranged(candidates, known, loaded.catalogue.rules, listing)
    return live.explain(influences, shown, size)


def _strength(table: Mapping[str, float], title: GivenTitle) -> float:
    if title.rating == 0 and title.status is Status.UNKNOWN:
        return strength(table, LIKED, title.status)
    return strength(table, title.rating, title.status)


def _column(loaded: Loaded, anime_id: AnimeId) -> Column:
    column = loaded.catalogue.column_of.get(anime_id)
    if column is None:
        raise UnknownAnimeError(f"anime {anime_id} is not in the catalogue")
    return column
