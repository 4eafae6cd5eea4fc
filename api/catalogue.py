"""The titles of one generation, prepared once so that answers only join ready-made JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from schemas import product_order
from schemas.product_order import Facts
from schemas.records import Anime, AnimeId, Column


@dataclass(frozen=True, slots=True)
class Catalogue:
    """By column, except `column_of`. `facts` and `reasons` are unfinished JSON objects:

    `"title":…,"type":…,"year":…,"genres":[…]` and `{"anime_id":…,"title":…,"share":`.
    `rules` is what the product rules know of each title.
    """

    anime: Sequence[Anime]
    facts: Sequence[str]
    reasons: Sequence[str]
    column_of: Mapping[AnimeId, Column]
    rules: Facts


def prepare(anime: Sequence[Anime]) -> Catalogue:
    return Catalogue(
        anime=anime,
        facts=[_facts(one) for one in anime],
        reasons=[_reason(one) for one in anime],
        column_of={one.anime_id: Column(column) for column, one in enumerate(anime)},
        rules=product_order.facts_of(anime),
    )


def _facts(one: Anime) -> str:
    return _inside({"title": one.title, "type": one.type, "year": one.year, "genres": one.genres})


def _reason(one: Anime) -> str:
    return "{" + _inside({"anime_id": one.anime_id, "title": one.title}) + ',"share":'


def _inside(record: dict[str, object]) -> str:
    return orjson.dumps(record).decode()[1:-1]
