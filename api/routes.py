"""Every route, declared once: views serve them, openapi.py describes them, tests hold both to it.

A route of another module is declared here too, and served by a function of the same name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from api import answers, bodies, parameters
from api.checking import Declared

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
HTML: Final = "text/html; charset=utf-8"
CSS: Final = "text/css; charset=utf-8"
METRICS: Final = "text/plain; version=1.0.0; charset=utf-8"
JAVASCRIPT: Final = "text/javascript; charset=utf-8"

NOTHING: Final = Declared(parameters.Nothing)
PAGE: Final = Declared(parameters.Page)
SEARCH: Final = Declared(parameters.Search)
FILTERED: Final = Declared(parameters.Filtered)
LISTING: Final = Declared(parameters.Listing)
LIVE: Final = Declared(bodies.LiveRequest)
RATING: Final = Declared(bodies.SentRating)

_REFUSED: Final = {400: "A parameter or the body was refused: which, why, and what is allowed."}
_AWAY: Final = {503: "Nothing is published, or the store is away. Retry-After says when to ask."}
_READS: Final = {
    **_REFUSED,
    500: "What is stored cannot be read.",
    **_AWAY,
}
_OF_USER: Final = {404: "The path names nothing: an id is decimal digits.", **_READS}
_OF_ANIME: Final = {404: "No such anime.", **_READS}
_KEYED: Final = {
    401: "A key is needed.",
    403: "The key is unknown, or was revoked.",
    429: "Too many requests. Retry-After says when to ask again.",
    404: "The path names nothing, or no such anime.",
    **_READS,
}
_SENT: Final = {
    429: _KEYED[429],
    413: "The body is too large.",
    415: "The body is not JSON.",
    **_READS,
}


@dataclass(frozen=True, slots=True)
class Route:
    """`path` is as OpenAPI writes it, `name` the function that serves it.

    `answer` is the record of a good answer, None for a page of type `content`; `problems` says
    what each other status means. `keyed`: it always needs an API key; `tagged`: it answers 304
    to whoever has the answer already.
    """

    name: str
    path: str
    summary: str
    answer: type | None = None
    query: Declared[Any] = NOTHING
    body: Declared[Any] | None = None
    problems: Mapping[int, str] = field(default_factory=dict)
    status: int = 200
    content: str = JSON
    keyed: bool = False
    tagged: bool = False
    method: Literal["get", "post", "delete"] = "get"

    @property
    def rule(self) -> str:
        """The path as Flask writes it: ids are decimal digits."""
        return self.path.replace("{", "<digits:").replace("}", ">")


ROUTES: Final = (
    Route(
        "recommendations",
        "/v1/users/{user_id}/recommendations",
        "What a user should watch next",
        answers.Recommendations,
        query=LISTING,
        problems=_OF_USER,
        tagged=True,
    ),
    Route(
        "similar_users",
        "/v1/users/{user_id}/similar",
        "Users with the closest taste",
        answers.SimilarUsers,
        query=PAGE,
        problems=_OF_USER,
    ),
    Route(
        "search",
        "/v1/anime",
        "Titles that match a text, for typing ahead",
        answers.FoundTitles,
        query=SEARCH,
        problems=_READS,
        tagged=True,
    ),
    Route(
        "anime",
        "/v1/anime/{anime_id}",
        "One title",
        answers.AnimeFacts,
        problems=_OF_ANIME,
        tagged=True,
    ),
    Route(
        "similar",
        "/v1/anime/{anime_id}/similar",
        "Titles like a title",
        answers.SimilarTitles,
        query=FILTERED,
        problems=_OF_ANIME,
        tagged=True,
    ),
    Route(
        "live",
        "/v1/recommendations",
        "What somebody should watch next who likes some titles",
        answers.LiveRecommendations,
        body=LIVE,
        problems=_SENT,
        method="post",
    ),
    Route(
        "generation",
        "/v1/generation",
        "Where the lists that are served came from",
        answers.LiveGeneration,
        problems=_READS,
        tagged=True,
    ),
    Route(
        "rate",
        "/v1/users/{user_id}/ratings",
        "What a user thinks of a title; lists follow within a second",
        answers.Accepted,
        body=RATING,
        problems={
            413: "The body is too large.",
            415: "The body is not JSON.",
            422: "This Idempotency-Key was sent before, with another rating.",
            **_KEYED,
        },
        status=202,
        keyed=True,
        method="post",
    ),
    Route(
        "forget",
        "/v1/users/{user_id}",
        "Forget everything about a user",
        problems=_KEYED,
        status=204,
        content="",
        keyed=True,
        method="delete",
    ),
    Route("metrics", "/metrics", "Counts, for Prometheus", content=METRICS),
    Route("healthz", "/healthz", "Whether the process is up", answers.Up),
    Route(
        "readyz",
        "/readyz",
        "Whether a generation is live and loaded",
        answers.Ready,
        problems={500: _READS[500], **_AWAY},
    ),
    Route("openapi", "/openapi.json", "This description", dict),
    Route("docs", "/docs", "This description, to read", content=HTML),
    Route("docs_style", "/docs/style.css", "How that page looks", content=CSS),
    Route(
        "docs_script",
        "/docs/script.js",
        "A form on that page to try a route",
        content=JAVASCRIPT,
    ),
    Route("home", "/", "What there is to ask for", content=HTML),
)
