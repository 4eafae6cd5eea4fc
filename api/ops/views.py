"""The operators' pages: who may see them, what they show, and what their buttons do."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Final

from flask import Flask, Response, render_template, request
from redis import Redis, RedisError

from api import csrf, routes
from api.csrf import ForgedError
from api.dashboard import assets
from api.dashboard.state import from_pairs, parse_form
from api.incoming import takes_nothing
from api.limits import RateLimits
from api.ops import changes, comparing, cookies, words
from api.ops.cookies import FORM, SESSION
from api.ops.overview import Overview, overview, retention_of
from api.problems import RETRY_SECONDS
from api.queries import parse_query
from schemas.errors import (
    FlippedMeanwhileError,
    InvalidParameterError,
    NothingPublishedError,
    RecommenderError,
)
from schemas.records import Generation
from schemas.serving import Counted
from schemas.store import access, sessions
from schemas.store.access import Access, Scope
from schemas.store.audit import audited

SIGN_INS: Final = "20/minute"
_SIGN_IN: Final = "sign-in"

log = logging.getLogger(__name__)


class SignedOutError(RecommenderError):
    """The request has no session, or one that is over."""


class Ops:
    """Every operators' page, over the two stores and what this server has counted.

    `most_hours` is the age at which what is live is too old.
    """

    def __init__(
        self, lists: Redis, ratings: Redis, counted: Callable[[], Counted], most_hours: float
    ) -> None:
        self._lists, self._ratings = lists, ratings
        self._counted, self._most_hours = counted, most_hours
        self._sign_ins = RateLimits(lists, SIGN_INS)

    def init_app(self, app: Flask) -> None:
        app.jinja_env.globals.update(
            when=words.when, since=words.since, lasting=words.lasting, between=words.between
        )
        views = (self.ops, self.ops_sign_in, self.ops_sign_out, self.ops_confirm, self.ops_act)
        routes.add(app, *(_with_a_store(view) for view in views), self.ops_style)
        app.register_error_handler(SignedOutError, self._signed_out)

    def ops(self) -> Response:
        shown = parse_query(request.query_string, changes.SHOWN)
        try:
            holder, session = self._signed_in()
        except SignedOutError:
            return self._sign_in_page()
        return _page(
            "ops/overview.html",
            holder=holder,
            csrf=csrf.token(session),
            at=self._overview(),
            done=shown.done,
        )

    def ops_sign_in(self) -> Response:
        takes_nothing()
        if not cookies.is_private(request):
            return self._sign_in_page(403)
        try:
            csrf.require(request, request.cookies.get(FORM, ""))
        except ForgedError as error:
            return self._sign_in_page(403, str(error))
        self._sign_ins.count(_SIGN_IN, request.remote_addr or "unknown")
        key = request.form.get("key", "").strip()
        found = access.holder(key, access.everyone(self._lists))
        if found is None or found.scope != Scope.OPS:
            return self._sign_in_page(403, _why_not(found))
        log.info("%s signed in", _name(found))
        response = _to_the_page()
        cookies.take_away(response, FORM)
        cookies.give(request, response, SESSION, sessions.begin(self._lists, found, _now()))
        return response

    def ops_sign_out(self) -> Response:
        takes_nothing()
        _, session = self._signed_in()
        csrf.require(request, session)
        sessions.end(self._lists, session)
        response = _to_the_page()
        cookies.take_away(response, SESSION)
        return response

    def ops_confirm(self) -> Response:
        holder, session = self._signed_in()
        change = parse_form(request.query_string, changes.CHANGE)
        at = self._overview()
        usable = {one.record.generation: one for one in at.stored if one.can_serve}
        why_not = changes.why_not(change, [one.generation for one in at.live], usable)
        if why_not:
            return _told(404, holder, session, why_not)
        sides = comparing.sides(at.live, change, usable[Generation(change.generation)].manifest)
        return _page(
            "ops/confirm.html",
            holder=holder,
            csrf=csrf.token(session),
            at=at,
            change=change,
            sides=sides,
            lines=comparing.lines(sides),
        )

    def ops_act(self) -> Response:
        takes_nothing()
        holder, session = self._signed_in()
        csrf.require(request, session)
        change = from_pairs(request.form.items(multi=True), changes.CONFIRMED)
        retention = retention_of(self._lists)
        try:
            audited(
                self._lists,
                _name(holder),
                changes.sentence(change),
                lambda: changes.make(retention, change, _now()),
            )
        except (FlippedMeanwhileError, InvalidParameterError, NothingPublishedError) as error:
            return _told(409, holder, session, str(error))
        return _to_the_page(f"?done={change.act}")

    def ops_style(self) -> Response:
        response = Response(assets.content("ops.css"), content_type=routes.CSS)
        response.headers["Cache-Control"] = assets.FOR_EVER
        return response

    def _overview(self) -> Overview:
        return overview(self._lists, self._ratings, self._counted(), _now(), self._most_hours)

    def _signed_in(self) -> tuple[Access, str]:
        """Whose request this is, and the token of the session.

        Raises:
            SignedOutError: nobody's.
        """
        token = request.cookies.get(SESSION, "")
        holder = sessions.holder(self._lists, token, _now()) if token else None
        if holder is None:
            raise SignedOutError("you are not signed in, or your session is over")
        return holder, token

    def _sign_in_page(self, status: int = 200, problem: str = "") -> Response:
        secret = request.cookies.get(FORM) or csrf.new_secret()
        response = _page(
            "ops/sign_in.html",
            status,
            problem=problem,
            is_private=cookies.is_private(request),
            csrf=csrf.token(secret),
        )
        cookies.give(request, response, FORM, secret)
        return response

    def _signed_out(self, error: SignedOutError) -> Response:
        return self._sign_in_page(401, f"{error}: nothing was done")


def _with_a_store(view: Callable[[], Response]) -> Callable[[], Response]:
    @wraps(view)
    def answered() -> Response:
        try:
            return view()
        except RedisError as error:
            log.error("the store did not answer: %s: %s", type(error).__name__, error)
            response = _page("ops/away.html", 503)
            response.headers["Retry-After"] = str(RETRY_SECONDS)
            return response

    return answered


def _told(status: int, holder: Access, session: str, why: str) -> Response:
    """A change that was not made."""
    return _page("ops/told.html", status, holder=holder, csrf=csrf.token(session), why=why)


def _page(template: str, status: int = 200, **values: object) -> Response:
    return Response(render_template(template, **values), status, content_type=routes.HTML)


def _to_the_page(query: str = "") -> Response:
    return Response(status=303, headers={"Location": f"/ops{query}"}, content_type=routes.HTML)


def _why_not(found: Access | None) -> str:
    if found is None:
        return "this key is unknown, or was revoked"
    return "this key is for writing: anirec keys create --label NAME --scope ops makes one for here"


def _name(holder: Access) -> str:
    return f"key {holder.key_id} {holder.label}".strip()


def _now() -> datetime:
    return datetime.now(UTC)
