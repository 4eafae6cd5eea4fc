"""What answers look like. Tests hold real answers against these; serving only joins text."""

from dataclasses import dataclass
from typing import Annotated, Literal, NotRequired

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from api.bodies import Id
from api.parameters import MAX_LIMIT
from schemas.manifests import GenerationManifest
from schemas.records import MAX_USER_ID

exactly = with_config(ConfigDict(extra="forbid"))
"""Marks an answer that has no other fields."""

UserId = Annotated[int, Field(ge=0, le=MAX_USER_ID)]
Source = Annotated[
    Literal["precomputed", "refreshed", "live", "popular"],
    Field(
        description="Where items come from that do not say it themselves. precomputed: made by the "
        "last refresh; refreshed: made again after ratings; live: made now; popular: what many "
        "like, where nothing better is known."
    ),
]
Name = Annotated[str, Field(min_length=1)]
Year = Annotated[int | None, Field(description="In which it began; null where unknown.")]
Variant = Annotated[
    str, Field(min_length=1, description="Which of two live generations, in a test.")
]
Rank = Annotated[int, Field(ge=1, le=MAX_LIMIT)]


@exactly
class Reason(TypedDict):
    """A title of yours that speaks for an item."""

    anime_id: Id
    title: str
    share: Annotated[
        float, Field(ge=0, le=1, description="Its part of all that speaks for the item.")
    ]


@exactly
class Item(TypedDict):
    """A recommended title. `source` is there where it is not the answer's."""

    rank: Rank
    anime_id: Id
    score: Annotated[
        float,
        Field(
            description="How it was ranked among titles of its source in this answer; may be below "
            "zero. What counts is the rank: product rules and `niche` move titles past others."
        ),
    ]
    title: str
    type: str
    year: Year
    genres: list[Name]
    reasons: NotRequired[Annotated[list[Reason], Field(max_length=2)]]
    source: NotRequired[Literal["live", "popular"]]


@exactly
class Listed(TypedDict):
    """What every list says of itself."""

    source: Source
    generation: Name
    stale: Annotated[bool, Field(description="The store is away and this is what we remember.")]
    items: Annotated[list[Item], Field(max_length=MAX_LIMIT)]


@exactly
class Recommendations(Listed):
    """Titles for a user."""

    user_id: UserId
    variant: NotRequired[Variant]


@exactly
class SimilarTitles(Listed):
    """Titles like a title."""

    anime_id: Id


@exactly
class LiveRecommendations(Listed):
    """Titles for somebody who names titles; `ignored` are those that the catalogue lacks."""

    ignored: list[Id]


@exactly
class Receipt(TypedDict):
    """A rating was kept; the same `id` again where it was sent again."""

    id: Name


@exactly
class Neighbour(TypedDict):
    """Somebody of similar taste."""

    rank: Rank
    user_id: UserId
    similarity: Annotated[float, Field(ge=0, le=1)]


@exactly
class SimilarUsers(TypedDict):
    """Users with the closest taste, nearest first."""

    user_id: UserId
    variant: NotRequired[Variant]
    source: Literal["precomputed"]
    generation: Name
    stale: bool
    items: Annotated[list[Neighbour], Field(max_length=MAX_LIMIT)]


@exactly
class FoundTitle(TypedDict):
    """A title that a search found."""

    anime_id: Id
    title: str
    title_english: str
    type: str
    year: Year


@exactly
class FoundTitles(TypedDict):
    """What a search found, the best match first."""

    items: Annotated[list[FoundTitle], Field(max_length=MAX_LIMIT)]


@exactly
class AnimeFacts(TypedDict):
    """A title. Unknown facts are null, empty text or an empty list."""

    anime_id: Id
    title: str
    title_english: str
    title_japanese: str
    synonyms: list[Name]
    type: str
    year: Year
    episodes: int | None
    genres: list[Name]
    studios: list[Name]
    source: str
    adult: bool
    raters: Annotated[int, Field(ge=0, description="How many users rated it.")]
    mean_rating: Annotated[float | None, Field(ge=1, le=10)]


@dataclass(frozen=True, slots=True)
class LiveGeneration(GenerationManifest):
    """Where the lists that are served came from; `previous` is what a rollback returns to."""

    previous: str | None = None


Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Mean = Annotated[float, Field(ge=1, le=10)]


@exactly
class Trait(TypedDict):
    """Titles that have something in common, such as a genre; most watched first, years in order."""

    name: Name
    titles: Annotated[int, Field(ge=0, description="How many anybody has watched.")]
    watched: Annotated[float, Field(ge=0, le=1, description="Their part of all that was watched.")]
    ratings: Count
    mean: Mean
    liked: Annotated[
        float, Field(ge=0, le=1, description="The part of the ratings that are likes.")
    ]


@exactly
class NamedTitle(TypedDict):
    """A title, enough to show it."""

    anime_id: Id
    title: str
    type: str
    year: Year
    genres: list[Name]


@exactly
class Rise(NamedTitle):
    """A title that more people take up lately than its fame explains."""

    recent: Annotated[int, Field(ge=0, description="How many people took it up.")]
    expected: Annotated[float, Field(ge=0, description="How many would have, by its fame.")]


@exactly
class Rising(TypedDict):
    """What was taken up in the last `days`; nothing rises where `ratings` is 0."""

    days: Annotated[int, Field(ge=1)]
    ratings: Annotated[int, Field(ge=0, description="Of all titles in that time.")]
    items: list[Rise]


@exactly
class Gem(NamedTitle):
    """A title that few know, and that those who do think highly of."""

    raters: Count
    mean: Mean
    liked: Share


@exactly
class Leaning(TypedDict):
    """A genre's part of what some people like, and of what everybody does."""

    name: Name
    theirs: Share
    crowd: Share


@exactly
class Group(TypedDict):
    """People of one taste: their part of everybody whose taste is known, and what is theirs."""

    share: Share
    genres: list[Leaning]
    titles: list[NamedTitle]


@exactly
class Insights(TypedDict):
    """What is told of everybody together. Adult titles count nowhere."""

    generation: Name
    stale: bool
    users: Count
    ratings: Count
    liked_from: Annotated[int, Field(ge=1, le=10, description="Ratings from here on are likes.")]
    support: Annotated[int, Field(ge=0, description="Ratings of a genre and the like, at least.")]
    few: Annotated[int, Field(ge=0, description="People who know a gem, at most.")]
    genres: list[Trait]
    years: list[Trait]
    types: list[Trait]
    studios: list[Trait]
    rising: Rising
    gems: list[Gem]
    groups: list[Group]


@exactly
class Up(TypedDict):
    """The process is up."""

    status: Literal["up"]


@exactly
class Ready(TypedDict):
    """A generation is live and loaded."""

    status: Literal["ready"]
    generation: Name


@exactly
class Problem(TypedDict):
    """What went wrong, as RFC 9457 has it; `detail` says which, why and what is allowed."""

    type: Literal["about:blank"]
    title: Name
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str | None
