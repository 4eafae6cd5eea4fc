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
Source = Literal["precomputed", "refreshed", "live", "popular"]
Name = Annotated[str, Field(min_length=1)]
Year = Annotated[int | None, Field(description="In which it began; null where unknown.")]
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
    score: Annotated[float, Field(description="Higher is better within one answer's source.")]
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
    variant: NotRequired[
        Annotated[Literal["a", "b"], Field(description="While two generations are compared.")]
    ]
    items: Annotated[list[Item], Field(max_length=MAX_LIMIT)]


@exactly
class Recommendations(Listed):
    """Titles for a user."""

    user_id: UserId


@exactly
class SimilarTitles(Listed):
    """Titles like a title."""

    anime_id: Id


@exactly
class LiveRecommendations(Listed):
    """Titles for somebody who names titles; `ignored` are those that the catalogue lacks."""

    ignored: list[Id]


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
    source: Literal["precomputed"]
    generation: Name
    stale: bool
    variant: NotRequired[Literal["a", "b"]]
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


@exactly
class Accepted(TypedDict):
    """A rating is kept."""

    id: Annotated[str, Field(pattern=r"^[0-9]+-[0-9]+$")]


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
