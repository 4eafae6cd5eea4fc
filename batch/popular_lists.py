"""The lists for somebody we know nothing about: overall, by genre and by type. Pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from batch.encoding import encode_rankings
from batch.params import ListParams
from batch.ranking import top_n
from batch.statistics import TitleStatistics
from schemas.records import Anime


def genres_of(catalogue: Sequence[Anime]) -> list[str]:
    """Every genre that a title has, sorted."""
    return sorted({genre for anime in catalogue for genre in anime.genres})


def types_of(catalogue: Sequence[Anime]) -> list[str]:
    """Every type that a title has, sorted."""
    return sorted({anime.type for anime in catalogue if anime.type})


def popular_list(
    statistics: TitleStatistics, wanted: NDArray[np.bool_], lists: ListParams
) -> bytes:
    """The best watched titles among the wanted ones, shape (anime,), as a ranking payload.

    Scores are damped mean ratings, from 0 to 1.
    """
    means = statistics.damped_means(lists.popular_damping).astype(np.float32) / 10
    scores = np.where(wanted & (statistics.watchers > 0), means, np.float32(-np.inf))
    ranked = top_n(scores[None, :], np.arange(len(scores)), lists.popular)
    (payload,) = encode_rankings(ranked, [b""])
    return payload


def in_genre(catalogue: Sequence[Anime], genre: str) -> NDArray[np.bool_]:
    """Which titles have a genre, shape (anime,)."""
    return np.array([genre in anime.genres for anime in catalogue], bool)


def in_type(catalogue: Sequence[Anime], anime_type: str) -> NDArray[np.bool_]:
    """Which titles have a type, shape (anime,)."""
    return np.array([anime.type == anime_type for anime in catalogue], bool)
