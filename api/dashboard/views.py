"""The pages: what was asked, from the service, into templates. No decisions here."""

from collections.abc import Mapping
from dataclasses import fields, replace
from io import BytesIO
from typing import IO, Any, Final

from flask import Flask, Request, Response, render_template, request
from werkzeug.exceptions import RequestEntityTooLarge

from api import csrf, insights, routes, service
from api.bodies import MAX_BODY
from api.dashboard import assets, cards, charts, covers, importing, messages, state, tastes
from api.dashboard.importing import Imported, ListRefusedError
from api.dashboard.rating import RatingForms
from api.dashboard.state import Look, OfUser, Picks
from api.incoming import anime_id_of, takes_nothing
from api.insights import NoInsightsError
from api.ops.words import whole
from api.parameters import Filtered, Listing
from api.repository import Loaded, Rankings
from api.service import Answer
from schemas.records import Anime, AnimeId, UserId

PEOPLE: Final = 8
SIMILAR: Final = 12
STARTERS: Final = 8
OWN: Final = 40
FOUND: Final = 12
MAX_CHIPS: Final = 30
"""Picks beyond these are counted, and not shown one by one."""


class InMemoryRequest(Request):
    """Files that are sent stay in memory, where the whole body is anyway: none touches the disk."""

    def _get_file_stream(self, *_sizes: object, **_names: object) -> IO[bytes]:
        return BytesIO()


class Dashboard:
    """Every page for people, over one source of rankings."""

    def __init__(self, rankings: Rankings, forms: RatingForms) -> None:
        self._rankings, self._forms = rankings, forms

    def init_app(self, app: Flask) -> None:
        app.request_class = InMemoryRequest
        app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
        app.jinja_env.globals.update(
            say=messages.say, cover=covers.cover, asset=assets.address, link=state.address,
            name_of=cards.name_of, active=state.active, number=whole,
        )  # fmt: skip
        routes.add(
            app, self.home, self.user_page, self.anime_page, self.import_page, self.import_list,
            self.insights_page, self.dashboard_style, self.dashboard_script, self.theme_script,
            self.icon,
        )  # fmt: skip
        self._forms.init_app(app)

    def home(self) -> Response:
        picks = state.settled(state.parse_form(request.query_string, state.PICKS))
        return self._for_picks(picks, "dashboard/home.html", path="/")

    def user_page(self) -> Response:
        asked = state.parse_form(request.query_string, state.OF_USER)
        if asked.user_id < 0:
            return _page("dashboard/user.html", state=asked, path="/users", answer=None)
        user_id = UserId(asked.user_id)
        answer = service.recommend(self._rankings, user_id, _listing(asked))
        catalogue = answer.loaded.catalogue
        own = cards.seen(service.titles_of(self._rankings, user_id), catalogue.anime)
        secret = self._forms.secret()
        page = _page(
            "dashboard/user.html",
            path="/users",
            people=service.similar_users(self._rankings, user_id, PEOPLE).neighbours,
            own=own,
            taste=tastes.taste_of(own, catalogue.anime),
            own_shown=OWN,
            token=csrf.token(secret) if secret else "",
            behind=bool(asked.rated) or service.is_behind(self._rankings, user_id),
            rated=catalogue.named(AnimeId(asked.rated)),
            **_of_answer(answer, replace(asked, rated=0), hidden=asked.rated),
        )
        return self._forms.remember(page, secret)

    def anime_page(self, anime_id: str) -> Response:
        number = anime_id_of(anime_id)
        asked = state.parse_form(request.query_string, state.ONE_TITLE)
        subject = service.anime(self._rankings, number)
        similar = service.similar(self._rankings, number, Filtered(limit=SIMILAR))
        audience = insights.audience(self._rankings, number)
        more, less = charts.beside_crowd(audience)
        return _page(
            "dashboard/anime.html",
            state=asked,
            anime=subject,
            cards=cards.alike(cards.cards(similar), subject),
            franchise=service.franchise(self._rankings, number),
            stale=similar.stale,
            audience=audience,
            more=more,
            less=less,
        )

    def insights_page(self) -> Response:
        takes_nothing()
        try:
            told = insights.told(self._rankings)
        except NoInsightsError:
            return _page("dashboard/insights.html", told=None, stale=self._rankings.is_stale)
        traits = told.insights.traits
        return _page(
            "dashboard/insights.html",
            told=told,
            day=told.loaded.manifest.created[:10],
            years=charts.years_of(traits.years),
            studios=charts.best_liked(traits.studios),
            height=charts.HEIGHT,
            rows=2 * charts.ROWS,
            shown=SIMILAR,
            stale=told.stale,
        )

    def import_page(self) -> Response:
        takes_nothing()
        return _page("dashboard/import.html", problem="")

    def import_list(self) -> Response:
        """A file is read here; then its titles come back with each change, as nothing is kept."""
        takes_nothing()
        try:
            upload = request.files.get("file")
            pairs = list(request.form.items(multi=True))
            data = upload.read() if upload else b""
        except RequestEntityTooLarge:
            return _refused(f"The file is larger than {MAX_BODY >> 20} MB: gzip it, and send that.")
        if upload is None:
            picks = state.settled(state.from_pairs(pairs, state.PICKS))
            return self._for_picks(picks, "dashboard/home.html", path="/import")
        if not upload.filename:
            return _refused(messages.say("import_missing"))
        try:
            found = importing.read_list(data)
        except ListRefusedError as error:
            return _refused(str(error))
        picks = Picks(likes=tuple(map(state.mark_of, found.titles)))
        return self._for_picks(picks, "dashboard/home.html", path="/import", imported=found)

    def dashboard_style(self) -> Response:
        return _asset("dashboard.css", routes.CSS)

    def dashboard_script(self) -> Response:
        return _asset("dashboard.js", routes.JAVASCRIPT)

    def theme_script(self) -> Response:
        return _asset("theme.js", routes.JAVASCRIPT)

    def icon(self) -> Response:
        return _asset("icon.svg", routes.SVG)

    def _for_picks(
        self, picks: Picks, template: str, path: str, imported: Imported | None = None
    ) -> Response:
        answer = service.recommend_live(self._rankings, state.request_of(picks))
        found = service.search(self._rankings, picks.q, FOUND) if picks.q else []
        anime, column_of = answer.loaded.catalogue.anime, answer.loaded.catalogue.column_of
        chosen = [
            (mark, anime[column_of[AnimeId(title["anime_id"])]], title)
            for mark, title in ((mark, state.given(mark)) for mark in picks.likes)
            if title["anime_id"] in column_of
        ]
        return _page(
            template,
            path=path,
            imported=imported,
            found=found,
            chosen=chosen,
            max_chips=MAX_CHIPS,
            starters=_starters(answer.loaded),
            **_of_answer(answer, picks),
        )


def _of_answer(answer: Answer, asked: Look, hidden: int = 0) -> Mapping[str, Any]:
    """What every page with a list says.

    A title that was rated just now is hidden: another worker may not know it for an instant.
    """
    catalogue = answer.loaded.catalogue
    return {
        "state": asked,
        "answer": answer,
        "cards": [one for one in cards.cards(answer) if one.anime.anime_id != hidden],
        "genres": catalogue.shelves.genre_names(adult=bool(asked.adult)),
        "types": catalogue.shelves.type_names(),
        "max_cards": state.MAX_CARDS,
        "step": state.CARDS,
        "stale": answer.stale,
    }


def _starters(loaded: Loaded) -> list[Anime]:
    """Titles that most people know."""
    columns = loaded.popular_shown.head(STARTERS).columns
    return [loaded.catalogue.anime[column] for column in columns]


def _listing(asked: OfUser) -> Listing:
    return Listing(**{one.name: getattr(asked, one.name) for one in fields(Filtered)})


def _page(template: str, status: int = 200, **values: object) -> Response:
    return Response(render_template(template, **values), status, content_type=routes.HTML)


def _refused(problem: str) -> Response:
    return _page("dashboard/import.html", 400, problem=problem)


def _asset(name: str, kind: str) -> Response:
    response = Response(assets.content(name), content_type=kind)
    response.headers["Cache-Control"] = assets.FOR_EVER
    return response
