"""Every route, declared once: views serve them, openapi.py describes them, tests hold both to it.

A route of another module is declared here too, and served by a function of the same name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from flask import Flask
from werkzeug.routing import BaseConverter
from werkzeug.wrappers import Response

from api import answers, bodies, parameters
from api.checking import Declared
from api.dashboard import state
from api.ops import changes

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
HTML: Final = "text/html; charset=utf-8"
CSS: Final = "text/css; charset=utf-8"
JAVASCRIPT: Final = "text/javascript; charset=utf-8"
SVG: Final = "image/svg+xml"
TEXT: Final = "text/plain; charset=utf-8"

NOTHING: Final = Declared(parameters.Nothing)
PAGE: Final = Declared(parameters.Page)
SEARCH: Final = Declared(parameters.Search)
FILTERED: Final = Declared(parameters.Filtered)
LISTING: Final = Declared(parameters.Listing)
LIVE: Final = Declared(bodies.LiveRequest)
RATED: Final = Declared(bodies.SentRating)

_REFUSED: Final = {400: "A parameter or the body was refused: which, why, and what is allowed."}
_AWAY: Final = {503: "Nothing is published, or the store is away. Retry-After says when to ask."}
_READS: Final = {
    **_REFUSED,
    500: "What is stored cannot be read.",
    **_AWAY,
}
_OF_USER: Final = {404: "The path names nothing: an id is decimal digits.", **_READS}
_OF_ANIME: Final = {404: "No such anime.", **_READS}
_LIMITED: Final = {429: "Too many requests. Retry-After says when to ask."}
_SENT: Final = {413: "The body is too large.", 415: "The body is not JSON.", **_LIMITED, **_READS}
_OPERATED: Final = {**_REFUSED, 500: "What is stored cannot be read.", 503: "The store is away."}
_FORM: Final = {
    403: "The key is not one of scope ops, or the form is not one of ours.",
    413: "The form is too large.",
}
_SIGNED_OUT: Final = {401: "There is no session, or it is over."}
_KEYED: Final = {401: "A key is needed.", 403: "The key is not one of ours."}


@dataclass(frozen=True, slots=True)
class Route:
    """`path` is as OpenAPI writes it, `name` the function that serves it.

    `answer` is the record of a good answer, None for a page of type `content` or for nothing at
    all, status 204, or 303, which leads to another page; `problems` says what each other status
    means. `tagged` answers have an ETag and may be 304; `keyed` ones need a key; `once` takes an
    Idempotency-Key.
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
    method: Literal["get", "post", "delete"] = "get"
    tagged: bool = False
    keyed: bool = False
    once: bool = False

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
        "rate",
        "/v1/users/{user_id}/ratings",
        "Say what a user thinks of a title, or did with it",
        answers.Receipt,
        body=RATED,
        problems={
            **_SENT,
            **_KEYED,
            404: "No such anime.",
            409: "The Idempotency-Key was sent before, with another rating.",
        },
        status=202,
        method="post",
        keyed=True,
        once=True,
    ),
    Route(
        "forget",
        "/v1/users/{user_id}",
        "Erase everything about a user, and leave them out of what is learned next",
        problems={**_OF_USER, **_KEYED, **_LIMITED},
        status=204,
        method="delete",
        keyed=True,
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
        "insights",
        "/v1/insights",
        "What everybody together watches, likes and takes up, and which tastes there are",
        answers.Insights,
        problems={404: "The generation was made before there were any: wait a night.", **_READS},
        tagged=True,
    ),
    Route("healthz", "/healthz", "Whether the process is up", answers.Up, problems=_REFUSED),
    Route(
        "readyz",
        "/readyz",
        "Whether a generation is live and this worker warm",
        answers.Ready,
        problems=_READS,
    ),
    Route(
        "metrics", "/metrics", "Prometheus metrics of all workers", content=TEXT, problems=_REFUSED
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
    Route(
        "home",
        "/",
        "The dashboard: name what you like, and a list follows",
        query=state.PICKS,
        problems={**_LIMITED, **_READS},
        content=HTML,
    ),
    Route(
        "user_page",
        "/users",
        "A user's list, people of like taste, and what the user knows, to read",
        query=state.OF_USER,
        problems=_READS,
        content=HTML,
    ),
    Route(
        "rate_on_page",
        "/users",
        "A rating, as a form of that page sends it; 404 where pages take none",
        query=state.OF_USER,
        problems={
            **_LIMITED,
            **_SENT,
            403: "The form was not sent by a page of ours.",
            404: "No such anime, or pages take no ratings here.",
        },
        status=303,
        content=HTML,
        method="post",
    ),
    Route(
        "anime_page",
        "/anime/{anime_id}",
        "One title with its franchise and titles like it, to read",
        query=state.ONE_TITLE,
        problems=_OF_ANIME,
        content=HTML,
    ),
    Route(
        "insights_page",
        "/insights",
        "What everybody together watches, likes and takes up, to read",
        problems=_READS,
        content=HTML,
    ),
    Route("import_page", "/import", "A form for a list", problems=_REFUSED, content=HTML),
    Route(
        "import_list",
        "/import",
        "A list of another site, as a form sends it: read, answered, and not kept",
        problems={**_LIMITED, **_READS},
        content=HTML,
        method="post",
    ),
    Route("dashboard_style", "/assets/dashboard.css", "How these pages look", content=CSS),
    Route(
        "dashboard_script",
        "/assets/dashboard.js",
        "What makes them answer at once",
        content=JAVASCRIPT,
    ),
    Route("theme_script", "/assets/theme.js", "Dark or light, as chosen", content=JAVASCRIPT),
    Route("icon", "/assets/icon.svg", "The picture of these pages", content=SVG),
    # The operators' page: a key of scope ops is traded for a session, which a cookie names.
    Route(
        "ops",
        "/ops",
        "The operators' page, or the form to sign in",
        query=changes.SHOWN,
        problems=_OPERATED,
        content=HTML,
    ),
    Route(
        "ops_sign_in",
        "/ops/sign-in",
        "Trade a key, as a form sends it, for a session",
        problems={**_OPERATED, **_FORM, **_LIMITED},
        status=303,
        content=HTML,
        method="post",
    ),
    Route(
        "ops_sign_out",
        "/ops/sign-out",
        "End the session",
        problems={**_OPERATED, **_FORM, **_SIGNED_OUT},
        status=303,
        content=HTML,
        method="post",
    ),
    Route(
        "ops_confirm",
        "/ops/confirm",
        "What a change of what is live would do, with a button that does it",
        query=changes.CHANGE,
        problems={**_OPERATED, **_SIGNED_OUT, 404: "That generation cannot serve."},
        content=HTML,
    ),
    Route(
        "ops_act",
        "/ops/act",
        "Change what is live, as a confirmation sends it",
        problems={
            **_OPERATED,
            **_FORM,
            **_SIGNED_OUT,
            409: "Not done: what is live has changed meanwhile, or the generation cannot serve.",
        },
        status=303,
        content=HTML,
        method="post",
    ),
    Route("ops_style", "/assets/ops.css", "How the operators' page looks", content=CSS),
)
BY_NAME: Final = {route.name: route for route in ROUTES}


class Digits(BaseConverter):
    """Decimal ASCII digits and nothing else, as text: its length is still unbounded."""

    regex = "[0-9]+"


def add(app: Flask, *views: Callable[..., Response]) -> None:
    """Serve routes by the functions of their names."""
    app.url_map.converters["digits"] = Digits
    for view in views:
        route = BY_NAME[view.__name__]
        app.add_url_rule(route.rule, route.name, view, methods=[route.method.upper()])
