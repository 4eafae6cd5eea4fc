"""Ratings on the pages: a form on each card, where the site lets anybody rate."""

from typing import Final

from flask import Flask, Response, redirect, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as Answer

from api import csrf, routes
from api.dashboard import state
from api.inbox import Inbox, rating_of
from schemas.errors import InvalidParameterError
from schemas.records import UserId

COOKIE: Final = "anirec_form"
_PATH: Final = "/users"


class RatingForms:
    """Takes what the forms send; without an inbox there are none."""

    def __init__(self, inbox: Inbox | None) -> None:
        self._inbox = inbox

    def init_app(self, app: Flask) -> None:
        routes.add(app, self.rate_on_page)

    def rate_on_page(self) -> Answer:
        """Once it is kept the page is asked for again, so that reloading rates nothing."""
        if self._inbox is None:
            raise NotFound("Pages take no ratings here.")
        csrf.require(request, request.cookies.get(COOKIE, ""))
        asked = state.parse_form(request.query_string, state.OF_USER)
        if asked.user_id < 0:
            raise InvalidParameterError("user_id is required")
        rating = rating_of(UserId(asked.user_id), state.given(request.form.get("mark", "")))
        self._inbox.put(rating)
        return redirect(state.address(_PATH, asked, rated=rating.anime_id), 303)

    def secret(self) -> str:
        """What the tokens of this visitor's forms follow from; empty where there are no forms."""
        if self._inbox is None:
            return ""
        return request.cookies.get(COOKIE) or csrf.new_secret()

    def remember(self, page: Response, secret: str) -> Response:
        """Give the visitor a secret, unless they have it."""
        if secret != request.cookies.get(COOKIE, ""):
            page.set_cookie(
                COOKIE, secret, path=_PATH, secure=request.is_secure, httponly=True,
                samesite="Strict",
            )  # fmt: skip
        return page
