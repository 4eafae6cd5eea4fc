"""The titles of one generation, prepared once so that answers only join ready-made JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import orjson
from numpy.typing import NDArray

from api.live import Fame
from api.search import TitleIndex
from api.shelves import Shelves
from schemas import order, product_order
from schemas.order import Order
from schemas.records import Anime, AnimeId, Column

_DAMPING: Final = 50.0
"""Ratings that a title starts with, so that three tens do not win."""
_DOUBT: Final = 1.5
"""How far below the overall mean these are. At the mean, as in the popular lists, which only show
the very best, what hardly anybody knows would beat well known titles of a narrow filter."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """By column, except `column_of`. `facts` and `reasons` are unfinished JSON objects:

    `"title":…,"type":…,"year":…,"genres":[…]` and `{"anime_id":…,"title":…,"share":`.
    `order` arranges titles by the product rules; `shelves` is what filters know, and `fame` how
    well known each is; `adult` lists the columns of adult titles, and `titles` finds titles by
    their names.
    """

    anime: Sequence[Anime]
    facts: Sequence[str]
    reasons: Sequence[str]
    column_of: Mapping[AnimeId, Column]
    order: Order
    shelves: Shelves
    fame: Fame
    adult: Sequence[int]
    titles: TitleIndex

    def named(self, anime_id: AnimeId) -> Anime | None:
        """A title by its number, if there is one."""
        column = self.column_of.get(anime_id)
        return None if column is None else self.anime[column]


def prepare(anime: Sequence[Anime]) -> Catalogue:
    raters = np.array([one.raters for one in anime], np.float64)
    return Catalogue(
        anime=anime,
        facts=[_facts(one) for one in anime],
        reasons=[_reason(one) for one in anime],
        column_of={one.anime_id: Column(column) for column, one in enumerate(anime)},
        order=order.over(product_order.facts_of(anime)),
        shelves=Shelves(anime, _worth(anime, raters)),
        fame=Fame.of([one.raters for one in anime]),
        adult=[column for column, one in enumerate(anime) if one.adult],
        titles=TitleIndex(anime),
    )


def _worth(anime: Sequence[Anime], raters: NDArray[np.float64]) -> NDArray[np.float64]:
    """Damped mean ratings, from 0 to 1; 0 for a title that nobody rated."""
    means = np.array([one.mean_rating or 0.0 for one in anime], np.float64)
    start = max(float(means @ raters) / max(float(raters.sum()), 1.0) - _DOUBT, 1.0)
    damped: NDArray[np.float64] = (means * raters + _DAMPING * start) / (raters + _DAMPING) / 10
    return np.where(raters > 0, damped, 0.0)


def _facts(one: Anime) -> str:
    return _inside({"title": one.title, "type": one.type, "year": one.year, "genres": one.genres})


def _reason(one: Anime) -> str:
    return "{" + _inside({"anime_id": one.anime_id, "title": one.title}) + ',"share":'


def _inside(record: dict[str, object]) -> str:
    return orjson.dumps(record).decode()[1:-1]
