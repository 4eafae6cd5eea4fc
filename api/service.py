"""What the API answers, said without Flask and without Redis."""

from array import array
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

from api import live, owned, selection, variants
from api.bodies import MAX_TITLES, LiveRequest
from api.lines import Lines
from api.owned import Owned
from api.parameters import Filtered
from api.queries import is_everything
from api.repository import Loaded, Rankings, UserState
from api.shelves import Within
from schemas.errors import RecommenderError
from schemas.manifests import GenerationManifest
from schemas.order import Known, Wanted
from schemas.records import Anime, AnimeId, Column, Generation, Neighbour, UserId

_Influences: Final = live.fastest()
Source = Literal["precomputed", "refreshed", "live", "popular"]

CANDIDATES: Final = 200
"""How many of the best live titles the product rules choose from, as many as are stored."""
SPEAKING: Final = 20
"""How many of somebody's titles speak when a filtered list is topped up: those that count most,
where those that the filter leaves count double (decision 32).
"""


class UnknownAnimeError(RecommenderError):
    """The catalogue of the live generation has no such title."""


class Answer(NamedTuple):
    """`lines` come from `source`; then come `more`, each part with its own source.

    `variant` is empty unless two generations are live; `stale`: the store is away.
    """

    loaded: Loaded
    source: Source
    lines: Lines
    more: Sequence[tuple[Source, Lines]] = ()
    ignored: Sequence[AnimeId] = ()
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


def recommend(rankings: Rankings, user_id: UserId, listing: Filtered) -> Answer:
    """Serve the stored ranking; to a cold-start user what they rated just now leads to, or the
    popular one.

    Where a filter leaves too little of it, titles that were never stored for them follow.

    Raises:
        InvalidParameterError: there is no such genre or type.
    """
    loaded, variant = current_for(rankings, user_id)
    filtered = not is_everything(listing)
    state = rankings.user(loaded.generation, user_id, with_history=filtered)
    answer = recommend_from(rankings, loaded, state, listing)
    return answer._replace(variant=variant, stale=rankings.is_stale)


def is_behind(rankings: Rankings, user_id: UserId) -> bool:
    """Whether a user has rated since their list was made."""
    loaded, _ = current_for(rankings, user_id)
    return rankings.user(loaded.generation, user_id).is_behind


def recommend_from(
    rankings: Rankings, loaded: Loaded, state: UserState, listing: Filtered
) -> Answer:
    """Serve what is known of a user, without what they have rated since."""
    within = loaded.catalogue.shelves.within(listing)
    news = owned.rated_since(state.recent, loaded.catalogue.column_of)
    asked = replace(listing, limit=listing.limit + len(news.columns)) if news.columns else listing
    found = state.read(selection.for_people(loaded.catalogue.order, asked, within))
    if found is None:
        if news.columns:
            return for_owner(rankings, loaded, news, (), listing)
        return Answer(loaded, "popular", _popular(loaded, listing, within))
    source: Source = "refreshed" if state.revision else "precomputed"
    stored = _without(found, frozenset(news.columns)).head(listing.limit)
    if within is None or len(stored.columns) == listing.limit:
        return Answer(loaded, source, stored)
    wanted = selection.wanted(listing)
    more = _top_up(rankings, loaded, state, news, stored, wanted, within)
    return Answer(loaded, source, stored, more)


def _without(lines: Lines, columns: Collection[int]) -> Lines:
    if not columns:
        return lines
    return lines.pick([at for at, one in enumerate(lines.columns) if one not in columns])


def _popular(loaded: Loaded, listing: Filtered, within: Within | None) -> Lines:
    if within is None and selection.is_default(listing):
        return loaded.popular_shown.head(listing.limit)
    known = loaded.catalogue.order.known(*owned.NOTHING)
    return _from_popular(loaded, known, selection.wanted(listing), within)


def _from_popular(loaded: Loaded, known: Known, wanted: Wanted, within: Within | None) -> Lines:
    ranking = loaded.popular if within is None else within.popular
    return selection.arranged(ranking, known, loaded.catalogue.order, wanted)


def _top_up(
    rankings: Rankings,
    loaded: Loaded,
    state: UserState,
    news: Owned,
    stored: Lines,
    wanted: Wanted,
    within: Within,
) -> Sequence[tuple[Source, Lines]]:
    """What a known user's titles speak for beyond their list, then what is popular.

    Nothing, if nobody knows any more what they have seen.
    """
    (payload,) = state.history or (rankings.history(loaded.generation, state.user_id),)
    if payload is None and not news.columns:
        return ()
    before = owned.remembered(payload)
    theirs = before.and_since(news)
    order = loaded.catalogue.order
    known = order.and_shown(order.known(*theirs), stored.columns)
    rest = wanted._replace(most=wanted.most - len(stored.columns))
    found = _live(rankings, loaded, theirs, known, rest, within, most=SPEAKING)
    return (("live", found), ("popular", _rest(loaded, found, known, rest, within)))


def _rest(
    loaded: Loaded, found: Lines, known: Known, wanted: Wanted, within: Within | None
) -> Lines:
    """Popular titles that bring an answer to its length."""
    missing = wanted.most - len(found.columns)
    if not missing:
        return Lines()
    shown = loaded.catalogue.order.and_shown(known, found.columns)
    return _from_popular(loaded, shown, wanted._replace(most=missing), within)


def similar(rankings: Rankings, anime_id: AnimeId, listing: Filtered) -> Answer:
    """Serve an anime's similar titles; none are stored for a title nobody can compare.

    Where a filter leaves too little of them, titles follow that its audience likes. Never popular
    ones: they would not resemble it.

    Raises:
        UnknownAnimeError: the catalogue lacks the anime.
        InvalidParameterError: there is no such genre or type.
    """
    loaded = current(rankings)
    column = _column(loaded, anime_id)
    within = loaded.catalogue.shelves.within(listing)
    reader = selection.similar(loaded.catalogue.order, listing, within)
    stored = rankings.similar_to(loaded.generation, anime_id, reader) or Lines()
    if within is None or len(stored.columns) == listing.limit:
        return Answer(loaded, "precomputed", stored, stale=rankings.is_stale)
    missing = listing.limit - len(stored.columns)
    rest = selection.wanted(listing)._replace(ruled=False, adult=True, most=missing)
    banned = (column, *stored.columns, *_hidden(loaded, listing))
    row = Owned(array("H", [column]), bytes([owned.LIKED]))
    known = loaded.catalogue.order.known(*owned.NOTHING, banned)
    found = _live(rankings, loaded, row, known, rest, within, fame=False)
    more: Sequence[tuple[Source, Lines]] = (("live", found),)
    return Answer(loaded, "precomputed", stored, more, stale=rankings.is_stale)


def _hidden(loaded: Loaded, listing: Filtered) -> Sequence[int]:
    """Adult titles, unless they are asked for."""
    return () if selection.shows_adult(listing) else loaded.catalogue.adult


def similar_users(rankings: Rankings, user_id: UserId, limit: int) -> People:
    """Serve a user's nearest users: none for somebody unknown, or whose taste is."""
    loaded, variant = current_for(rankings, user_id)
    return People(loaded, rankings.neighbours(loaded.generation, user_id, limit) or (), variant)


def titles_of(rankings: Rankings, user_id: UserId) -> Owned:
    """What a user has done with titles, what they rated just now too: nothing for a stranger."""
    loaded, _ = current_for(rankings, user_id)
    payload = rankings.history(loaded.generation, user_id)
    before = owned.remembered(payload)
    recent = rankings.user(loaded.generation, user_id).recent
    return before.and_since(owned.rated_since(recent, loaded.catalogue.column_of))


def franchise(rankings: Rankings, anime_id: AnimeId) -> list[Anime]:
    """Everything of the franchise of a title, itself too, by year: nothing if it stands alone.

    Raises:
        UnknownAnimeError: the catalogue lacks the anime.
    """
    loaded = current(rankings)
    anime = loaded.catalogue.anime
    begin = anime[_column(loaded, anime_id)].franchise
    found = [one for one in anime if begin and one.franchise == begin]
    return sorted(found, key=lambda one: (one.year is None, one.year, one.anime_id))


def anime(rankings: Rankings, anime_id: AnimeId) -> Anime:
    """Look one title up.

    Raises:
        UnknownAnimeError: the catalogue lacks the anime.
    """
    loaded = current(rankings)
    return loaded.catalogue.anime[_column(loaded, anime_id)]


def search(rankings: Rankings, text: str, limit: int) -> list[Anime]:
    """Titles that match a text, best first."""
    catalogue = current(rankings).catalogue
    return [catalogue.anime[column] for column in catalogue.titles.find(text, limit)]


def recommend_live(rankings: Rankings, request: LiveRequest) -> Answer:
    """Rank for the titles of a request, then fill up from the popular list.

    Titles given or excluded never come back. If nothing scores above zero, the whole answer
    is popular.

    Raises:
        InvalidParameterError: there is no such genre or type.
    """
    loaded = current(rankings)
    column_of = loaded.catalogue.column_of
    theirs = owned.given(request.ratings, column_of)
    ignored: Sequence[AnimeId] = ()
    if len(theirs.columns) < len(request.ratings):
        named = dict.fromkeys([title["anime_id"] for title in request.ratings])
        ignored = tuple(one for one in named if one not in column_of)
    excluded = [column_of[one] for one in request.exclude if one in column_of]
    made = _made_now(rankings, loaded, theirs, excluded, request)
    return Answer(loaded, *made, ignored=ignored, stale=rankings.is_stale)


def for_owner(
    rankings: Rankings, loaded: Loaded, theirs: Owned, excluded: Sequence[int], listing: Filtered
) -> Answer:
    """Rank now for somebody of whom some titles are known."""
    return Answer(loaded, *_made_now(rankings, loaded, theirs, excluded, listing))


def _made_now(
    rankings: Rankings, loaded: Loaded, theirs: Owned, excluded: Sequence[int], listing: Filtered
) -> tuple[Source, Lines, Sequence[tuple[Source, Lines]]]:
    """Where a list for them comes from, the list, and what follows."""
    within = loaded.catalogue.shelves.within(listing)
    wanted = selection.wanted(listing)
    known = loaded.catalogue.order.known(*theirs, excluded)
    found = _live(rankings, loaded, theirs, known, wanted, within)
    more = _rest(loaded, found, known, wanted, within)
    if not found.columns:
        return "popular", more, ()
    return "live", found, (("popular", more),) if more.columns else ()


def _live(
    rankings: Rankings,
    loaded: Loaded,
    theirs: Owned,
    known: Known,
    wanted: Wanted,
    within: Within | None,
    *,
    fame: bool = True,
    most: int = MAX_TITLES,
) -> Lines:
    catalogue, anime = loaded.catalogue, loaded.catalogue.anime
    allowed = None if within is None else within.allowed
    speaking, strengths = _Influences.loudest(*theirs, loaded.worth_of_marks, allowed, most)
    if not speaking:
        return Lines()
    rows = rankings.influences(loaded.generation, [anime[one].anime_id for one in speaking])
    influences = _Influences(speaking, strengths, rows, len(anime))
    weight = loaded.fame_weight(len(theirs.columns)) if fame else 0.0
    candidates = influences.best(catalogue.fame, weight, known.banned, CANDIDATES, allowed)
    shown = selection.arranged(candidates, known, catalogue.order, wanted)
    return influences.explain(shown)


def _column(loaded: Loaded, anime_id: AnimeId) -> Column:
    column = loaded.catalogue.column_of.get(anime_id)
    if column is None:
        raise UnknownAnimeError(f"anime {anime_id} is not in the catalogue")
    return column
