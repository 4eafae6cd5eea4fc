"""Recommendations said without Flask, since these must be fast: stored ones, and live ones.

A stored answer follows from a generation, what is known of the user, and the parameters. So it is
remembered beside what is known of the user, and forgotten with it.
"""

import zlib
from collections.abc import Callable
from typing import Final, NamedTuple

from api import bodies, render, routes, service
from api.parameters import Listing
from api.queries import is_everything, parse_query
from api.repository import Loaded, Made, Rankings, UserState
from schemas.records import UserId

SOURCE: Final = "anirec.source"
"""Where, in a request's environment, metrics find what kind of answer it got."""
FORMAT: Final = 2
"""Part of every tag: to be raised when the same data is answered in other words."""
PRIVATE: Final = "private, no-cache"
_JSON: Final = ("Content-Type", "application/json")
_NOT_KEPT: Final = (_JSON, ("Cache-Control", "no-store"))

Headers = list[tuple[str, str]]


class Reply(NamedTuple):
    """Status, headers and body of an answer; `source` and `variant` are for metrics."""

    status: int
    headers: Headers
    body: bytes
    source: str
    variant: str


class Lookup:
    """Answers from what is remembered, else from the store."""

    def __init__(
        self, rankings: Rankings, exposed: Callable[[str, str], None] = lambda *_: None
    ) -> None:
        self._rankings, self._exposed = rankings, exposed

    def answer(self, user_id: UserId, query: bytes, known: str) -> Reply:
        """The answer, or that it is the one whose tag is `known`, as If-None-Match gives it.

        Raises:
            InvalidParameterError: a parameter is refused.
            NothingPublishedError, PayloadError, RedisError: as api.repository says.
        """
        loaded, variant = service.current_for(self._rankings, user_id)
        asked = parse_query(query, routes.LISTING)  # what is refused has no tag
        filtered = not is_everything(asked)
        state = self._rankings.user(loaded.generation, user_id, with_history=filtered)
        if variant:
            self._exposed(variant, loaded.generation)
        if self._rankings.is_stale:  # said to be old, and not to be kept by anybody
            body, source = self._rendered(loaded, state, asked, variant, stale=True)
            return Reply(200, [*_NOT_KEPT], body, source, variant)
        made = state.answers.get((variant, query))
        if made is None:
            tag = _tag(state, query, variant)
            if matches(known, tag):
                return _unchanged(tag, "", variant)
            made = Made(tag, *self._rendered(loaded, state, asked, variant, stale=False))
            self._rankings.keep(state, (variant, query), made)
        elif matches(known, made.tag):
            return _unchanged(made.tag, made.source, variant)
        headers = [_JSON, ("ETag", made.tag), ("Cache-Control", PRIVATE)]
        return Reply(200, headers, made.body, made.source, variant)

    def live(self, body: bytes) -> Reply:
        """The answer for the titles that a body names.

        Raises:
            InvalidParameterError: something in the body is refused.
            NothingPublishedError, PayloadError, RedisError: as api.repository says.
        """
        asked = bodies.parse_body(body, routes.LIVE)
        answer = service.recommend_live(self._rankings, asked)
        text = render.live(answer, reasons=bool(asked.reasons))
        return Reply(200, [*_NOT_KEPT], text.encode(), answer.source, "")

    def _rendered(
        self, loaded: Loaded, state: UserState, asked: Listing, variant: str, *, stale: bool
    ) -> tuple[bytes, str]:
        """The text of an answer, and its source."""
        answer = service.recommend_from(self._rankings, loaded, state, asked)
        shown = answer._replace(variant=variant, stale=stale)
        body = render.for_user(state.user_id, shown, reasons=bool(asked.reasons))
        return body.encode(), answer.source


def _tag(state: UserState, query: bytes, variant: str) -> str:
    newest = "{}.{}".format(*state.recent[-1].entry) if state.recent else "0"
    # Other code may have made another list from the same ratings: the number alone will not do.
    known = f"{state.revision}.{zlib.crc32(state.ranking or b''):08x}"
    asked = zlib.crc32(query)
    return f'"{FORMAT}-{state.generation}{variant}-{known}-{newest}-{asked:08x}"'


def matches(asked: str, tag: str) -> bool:
    """Whether If-None-Match names a tag; a proxy may have made it a weak one."""
    if not asked:
        return False
    named = (one.strip().removeprefix("W/") for one in asked.split(","))
    return asked.strip() == "*" or tag in named


def _unchanged(tag: str, source: str, variant: str) -> Reply:
    headers = [("ETag", tag), ("Cache-Control", PRIVATE)]
    return Reply(304, headers, b"", source, variant)
