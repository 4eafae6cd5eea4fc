"""What is told of everybody together, and of who likes a title. No Flask, no Redis."""

from dataclasses import asdict, dataclass
from typing import Any

import orjson

from api import service
from api.repository import Loaded, Rankings
from schemas.errors import RecommenderError
from schemas.insights import Audience, Insights
from schemas.records import Anime, AnimeId


class NoInsightsError(RecommenderError):
    """The live generation was made before there were insights."""


@dataclass(frozen=True, slots=True)
class Told:
    """Insights with the generation whose titles they name; `stale`: the store is away."""

    loaded: Loaded
    insights: Insights
    stale: bool

    def anime(self, anime_id: AnimeId) -> Anime:
        catalogue = self.loaded.catalogue
        return catalogue.anime[catalogue.column_of[anime_id]]


def told(rankings: Rankings) -> Told:
    """Everything that is told of everybody.

    Raises:
        NoInsightsError: nothing is yet.
    """
    loaded = service.current(rankings)
    found = rankings.insights(loaded.generation)
    if found is None:
        raise NoInsightsError(
            f"{loaded.generation} was made before there were insights: the next refresh makes them"
        )
    return Told(loaded, found, rankings.is_stale)


def audience(rankings: Rankings, anime_id: AnimeId) -> Audience | None:
    """Who likes a title; None where it is not known, mostly since too few do."""
    loaded = service.current(rankings)
    column = loaded.catalogue.column_of.get(anime_id)
    return None if column is None else rankings.audience(loaded.generation, column)


def as_json(found: Told) -> bytes:
    """The answer, in which titles have names."""
    document = asdict(found.insights)
    del document["version"]
    document |= document.pop("traits")
    document["rising"]["items"] = [
        _facts(found.anime(one.anime_id)) | asdict(one) for one in found.insights.rising.items
    ]
    document["gems"] = [
        _facts(found.anime(one.anime_id)) | asdict(one) for one in found.insights.gems
    ]
    for group, one in zip(document["groups"], found.insights.groups, strict=True):
        group["titles"] = [_facts(found.anime(title)) for title in one.titles]
    named = {"generation": found.loaded.generation, "stale": found.stale}
    return orjson.dumps(named | document)


def _facts(one: Anime) -> dict[str, Any]:
    names = ("anime_id", "title", "type", "year", "genres")
    return {name: getattr(one, name) for name in names}
