"""The nouns of the system, shared by the batch writer and the API reader."""

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Final, NewType

UserId = NewType("UserId", int)
"""Public id of a user, 0 to MAX_USER_ID."""

AnimeId = NewType("AnimeId", int)
"""Public id of an anime, 1 to MAX_ANIME_ID."""

Column = NewType("Column", int)
"""Position of an anime in the catalogue; means something only inside one generation."""

Generation = NewType("Generation", str)
"""UTC start of the refresh that published it, such as 20261124T020000Z."""

MAX_USER_ID: Final = 2**63 - 1
MAX_ANIME_ID: Final = 2**31 - 1
MAX_CATALOGUE: Final = 2**16 - 1
"""Columns are stored in two bytes; the last value says "none"."""


class Status(IntEnum):
    """What a user did with an anime, numbered as in Kaggle's watching_status."""

    UNKNOWN = 0
    WATCHING = 1
    COMPLETED = 2
    ON_HOLD = 3
    DROPPED = 4
    PLANNED = 6


class Rule(IntFlag):
    """Product rules that depend on the user, kept beside each entry of a list."""

    NONE = 0
    PREREQUISITE_MISSING = 1
    FRANCHISE_DROPPED = 2


@dataclass(frozen=True, slots=True)
class Interaction:
    """One title of a user's history; rating 1-10, 0 where the user gave none."""

    column: Column
    rating: int
    status: Status


@dataclass(frozen=True, slots=True)
class Reason:
    """A title of the user and its part, 0 to 1, of an entry's positive linear-leg score."""

    column: Column
    share: float


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a ranking; a higher score is better."""

    column: Column
    score: float
    rules: Rule = Rule.NONE
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Somebody of similar taste; similarity is from 0 to 1."""

    user_id: UserId
    similarity: float


Ranking = tuple[Entry, ...]
"""Best first, no duplicates, nothing the user has seen. Empty means: nothing left."""


@dataclass(frozen=True, slots=True)
class Anime:
    """What people see of one title. Unknown facts are None, "" or ().

    `franchise` and `series` are the anime ids of the titles with which they begin, 0 for a title
    that stands alone; a `side` entry is a special, a recap or the like.
    """

    anime_id: AnimeId
    title: str
    title_english: str = ""
    title_japanese: str = ""
    synonyms: tuple[str, ...] = ()
    type: str = ""
    year: int | None = None
    episodes: int | None = None
    genres: tuple[str, ...] = ()
    studios: tuple[str, ...] = ()
    source: str = ""
    franchise: int = 0
    series: int = 0
    side: bool = False
    adult: bool = False
    raters: int = 0
    mean_rating: float | None = None
