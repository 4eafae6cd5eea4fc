"""What is worked out about everybody together: records. Shares are from 0 to 1."""

from dataclasses import dataclass

from schemas.records import AnimeId


@dataclass(frozen=True, slots=True)
class Trait:
    """Titles that have something in common, a genre for example.

    `watched` is their part of all that was watched; `ratings` counts those they got, `mean` and
    `liked`, the part of them that are likes, are of these.
    """

    name: str
    titles: int
    watched: float
    ratings: int
    mean: float
    liked: float


@dataclass(frozen=True, slots=True)
class Traits:
    """Years in order, everything else by how much of it is watched."""

    genres: tuple[Trait, ...] = ()
    years: tuple[Trait, ...] = ()
    types: tuple[Trait, ...] = ()
    studios: tuple[Trait, ...] = ()


@dataclass(frozen=True, slots=True)
class Rise:
    """A title that `recent` people came to lately, where `expected` would have by its fame."""

    anime_id: AnimeId
    recent: int
    expected: float


@dataclass(frozen=True, slots=True)
class Rising:
    """What was taken up in the last `days`, among all the `ratings` of that time."""

    days: int
    ratings: int = 0
    items: tuple[Rise, ...] = ()


@dataclass(frozen=True, slots=True)
class Gem:
    """A title that few know and hardly anybody dislikes."""

    anime_id: AnimeId
    raters: int
    mean: float
    liked: float


@dataclass(frozen=True, slots=True)
class Leaning:
    """A genre's part, or another trait's, of what is somebody's, and of what is everybody's."""

    name: str
    theirs: float
    crowd: float


@dataclass(frozen=True, slots=True)
class Audience:
    """How many like a title, and the genres on which they differ most from the crowd: those they
    lean to, most first, then those they lean away from.
    """

    fans: int
    leanings: tuple[Leaning, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """People of one taste: their part of everybody, and what sets them apart, most first."""

    share: float
    genres: tuple[Leaning, ...] = ()
    titles: tuple[AnimeId, ...] = ()


@dataclass(frozen=True, slots=True)
class Insights:
    """All of it. Adult titles count nowhere. A rating is a like from `liked_from` on; traits have
    at least `support` ratings; gems are known to at most `few` people.
    """

    users: int
    ratings: int
    liked_from: int
    support: int
    few: int
    traits: Traits
    rising: Rising
    gems: tuple[Gem, ...] = ()
    groups: tuple[Group, ...] = ()
    version: int = 1
