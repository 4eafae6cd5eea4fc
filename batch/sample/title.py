"""The facts of one anime, real or made up, as every other module of the sample reads them."""

from dataclasses import dataclass

SERIES = frozenset({"TV", "ONA"})
TYPES = ("TV", "Movie", "OVA", "ONA", "Special")


@dataclass(frozen=True, slots=True)
class Title:
    """One anime.

    An empty string means not known, and so does 0 episodes. ``order`` counts from 1 inside
    the franchise. ``popularity`` is the logarithm of how often a title is met.
    """

    anime_id: int
    name: str
    english: str
    japanese: str
    type: str
    year: int
    episodes: int
    genres: tuple[str, ...]
    studios: tuple[str, ...]
    source: str
    franchise: str
    order: int
    popularity: float
    season: str = ""
