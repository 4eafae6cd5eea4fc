"""The description of the API against the API: every route, parameter, status and real answers."""

import json
import re

import pytest
from fakeredis import FakeRedis
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for

from api.app import Parts, create_app
from api.inbox import Inbox
from api.metrics import Metrics
from api.openapi import describe
from api.ops.views import Ops
from api.routes import ROUTES
from api.writes import Writes
from schemas.errors import NothingPublishedError, PayloadError
from schemas.insights import Gem, Group, Leaning, Rise, Rising, Trait, Traits
from schemas.records import AnimeId, Column, Interaction, Status
from schemas.serving import Counted
from tests.builders import GENERATION, SmallGeneration, anime, insights, ranking
from tests.fakes import BrokenRankings, InMemoryRankings
from tests.operated import hidden, operated, ops_key, sign_in

TITLES = (
    anime(1, "One", genres=("Action",), type="TV", year=2001, raters=9, mean_rating=8.5),
    anime(2, "Two", genres=("Drama",), type="Movie", raters=5, mean_rating=7.0, synonyms=("Deux",)),
    anime(3, "Three", genres=("Action",), type="TV", year=2003, raters=1, mean_rating=6.0),
    anime(4, "Four"),
)
MADE = SmallGeneration(
    anime=TITLES,
    users={7: ranking(1, reasons={0: 0.5}), 8: ()},
    similar={1: ranking(1)},
    influences={1: {2: 0.5}, 2: {2: 0.25}},
    neighbours={7: {2**40: 0.5}},
    histories={7: [Interaction(Column(0), 9, Status.COMPLETED)]},
    popular=ranking(0, 1),
    insights=insights(
        traits=Traits((Trait("Action", 2, 0.5, 10, 7.5, 0.6),)),
        rising=Rising(28, 50, (Rise(AnimeId(1), 30, 2.5),)),
        gems=(Gem(AnimeId(2), 5, 8.5, 0.9),),
        groups=(Group(0.4, (Leaning("Drama", 0.4, 0.2),), (AnimeId(4),)),),
    ),
)
DESCRIBED = describe()
FILTER = "genres=Action,Drama&types=TV,movie&year_min=2000&year_max=2010&niche=0.5&adult=1"
GOOD = [
    ("/v1/users/{user_id}/recommendations", "/v1/users/7/recommendations"),
    ("/v1/users/{user_id}/recommendations", f"/v1/users/7/recommendations?{FILTER}&reasons=0"),
    ("/v1/users/{user_id}/recommendations", "/v1/users/7/recommendations?genres=Action&limit=100"),
    ("/v1/users/{user_id}/recommendations", "/v1/users/8/recommendations"),
    ("/v1/users/{user_id}/recommendations", "/v1/users/404/recommendations?franchise=all"),
    ("/v1/users/{user_id}/similar", "/v1/users/7/similar?limit=1"),
    ("/v1/users/{user_id}/similar", "/v1/users/404/similar"),
    ("/v1/anime", "/v1/anime?q=one"),
    ("/v1/anime", "/v1/anime?q=nothing&limit=2"),
    ("/v1/anime/{anime_id}", "/v1/anime/2"),
    ("/v1/anime/{anime_id}", "/v1/anime/4"),
    ("/v1/anime/{anime_id}/similar", "/v1/anime/1/similar"),
    ("/v1/anime/{anime_id}/similar", "/v1/anime/1/similar?genres=Action"),
    ("/v1/generation", "/v1/generation"),
    ("/v1/insights", "/v1/insights"),
    ("/healthz", "/healthz"),
    ("/readyz", "/readyz"),
    ("/metrics", "/metrics"),
    ("/openapi.json", "/openapi.json"),
    ("/docs", "/docs"),
    ("/docs/style.css", "/docs/style.css"),
    ("/docs/script.js", "/docs/script.js"),
    ("/", "/"),
    ("/", f"/?likes=1:9,2:x&limit=24&titles=romaji&view=list&{FILTER}"),
    ("/users", "/users?user_id=7"),
    ("/anime/{anime_id}", "/anime/1"),
    ("/insights", "/insights"),
    ("/import", "/import"),
    ("/assets/dashboard.css", "/assets/dashboard.css"),
    ("/assets/dashboard.js", "/assets/dashboard.js"),
    ("/assets/theme.js", "/assets/theme.js"),
    ("/assets/icon.svg", "/assets/icon.svg"),
    ("/ops", "/ops"),
    ("/ops/confirm", f"/ops/confirm?act=split&generation={GENERATION}&percent=5"),
    ("/assets/ops.css", "/assets/ops.css"),
]
BODIES = [
    {},
    {"ratings": [{"anime_id": 1, "rating": 9}, {"anime_id": 999}]},
    {"ratings": [{"anime_id": 1}, {"anime_id": 2, "status": "dropped"}], "reasons": 0},
]


def app():
    return served(FakeRedis())


def served(store):
    rankings = InMemoryRankings(MADE)
    writes = Writes(Inbox(rankings, store, backlog=9), store, store)
    ops = Ops(store, store, Counted, 36.0)
    metrics = Metrics()
    others = writes.init_app, ops.init_app, lambda made: metrics.init_app(made, rankings)
    return create_app(rankings, Parts(others=others))


def client():
    return app().test_client()


def operator():
    """A client that is signed in."""
    store = operated(FakeRedis())
    web = served(store).test_client()
    sign_in(web, ops_key(store)[1])
    return web


def operation(path, method="get"):
    return DESCRIBED["paths"][path][method]


def conforms(response, path, method="get"):
    """Whether status, content type and body are as described."""
    described = operation(path, method)["responses"][str(response.status_code)]
    [(kind, content)] = described["content"].items()
    assert response.mimetype == kind
    if kind.endswith("json"):
        schema = {**content["schema"], "components": DESCRIBED["components"]}
        Draft202012Validator(schema).validate(response.json)


def test_the_description_is_openapi_3_1_with_sound_schemas():
    assert DESCRIBED["openapi"].startswith("3.1")
    assert json.loads(client().get("/openapi.json").data) == DESCRIBED
    for schema in DESCRIBED["components"]["schemas"].values():
        validator_for(schema, Draft202012Validator).check_schema(schema)


def test_every_reference_leads_somewhere():
    names = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(DESCRIBED)))

    assert names <= DESCRIBED["components"]["schemas"].keys()


def test_every_route_of_the_app_is_described_and_no_other():
    served = {
        (re.sub(r"<\w+:(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app().url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }

    described = {(path, method) for path, item in DESCRIBED["paths"].items() for method in item}
    assert served == described
    assert len(ROUTES) == len({(route.path, route.method) for route in ROUTES})


def test_every_parameter_is_described_with_what_it_may_be():
    for item in DESCRIBED["paths"].values():
        for described in item.values():
            for parameter in described["parameters"]:
                assert parameter["schema"]["type"]
                assert parameter["in"] == "path" or parameter["description"]


def test_what_a_message_lists_as_allowed_is_what_is_described():
    detail = client().get("/v1/users/7/recommendations?nothing=1").json["detail"]

    listed = detail.partition("allowed here: ")[2].split(", ")
    described = operation("/v1/users/{user_id}/recommendations")["parameters"]
    assert listed == [one["name"] for one in described if one["in"] == "query"]


@pytest.mark.parametrize("path", [route.path for route in ROUTES if route.method == "get"])
def test_each_route_has_an_example_here(path):
    assert path in {described for described, _ in GOOD}


@pytest.mark.parametrize(("path", "url"), GOOD)
def test_real_answers_are_as_described(path, url):
    response = (operator() if path.startswith("/ops") else client()).get(url)

    assert response.status_code == 200
    conforms(response, path)


def test_writing_is_described_as_it_is():
    rate, forget = "/v1/users/{user_id}/ratings", "/v1/users/{user_id}"

    conforms(client().post("/v1/users/7/ratings", json={"anime_id": 1, "rating": 9}), rate, "post")
    assert client().delete("/v1/users/7").status_code == 204
    assert "content" not in operation(forget, "delete")["responses"]["204"]
    assert operation(rate, "post")["security"] == operation(forget, "delete")["security"]


def test_signing_in_and_changing_what_is_live_are_described_as_they_are():
    store = operated(FakeRedis())
    web = served(store).test_client()
    answers = [web.post("/ops/act"), sign_in(web, "guess"), sign_in(web, ops_key(store)[1])]
    form = hidden(web.get(GOOD[-2][1]).text)
    answers += [web.post("/ops/act", data=form), web.post("/ops/act", data=form)]

    assert [one.status_code for one in answers] == [401, 403, 303, 303, 409]
    for one, path in zip(answers, ("act", "sign-in", "sign-in", "act", "act"), strict=True):
        conforms(one, f"/ops/{path}", "post")


@pytest.mark.parametrize("body", BODIES)
def test_real_live_answers_are_as_described(body):
    response = client().post("/v1/recommendations", json=body)

    assert response.status_code == 200
    conforms(response, "/v1/recommendations", "post")


def test_an_answer_that_is_not_as_described_is_noticed():
    response = client().get("/v1/anime/1")
    response.set_data(json.dumps(response.json | {"colour": "red"}))

    with pytest.raises(Exception, match="colour"):
        conforms(response, "/v1/anime/{anime_id}")


READS = [
    (path, url)
    for path, url in GOOD
    if path.startswith("/v1/") and "generation" not in path and "?" not in url
]


@pytest.mark.parametrize(("path", "url"), READS)
@pytest.mark.parametrize(
    ("error", "status"), [(NothingPublishedError("x"), 503), (PayloadError("x"), 500)]
)
def test_what_goes_wrong_with_the_store_is_as_described(path, url, error, status):
    response = create_app(BrokenRankings(error)).test_client().get(url)

    assert response.status_code == status
    conforms(response, path)
    headers = operation(path)["responses"][str(status)].get("headers", {})
    assert {*headers} <= {*response.headers.keys()}


@pytest.mark.parametrize(
    ("path", "url", "status"),
    [
        ("/v1/users/{user_id}/recommendations", "/v1/users/7/recommendations?limit=0", 400),
        ("/v1/users/{user_id}/recommendations", "/v1/users/x/recommendations", 404),
        ("/v1/anime/{anime_id}", "/v1/anime/99", 404),
        ("/v1/anime/{anime_id}/similar", "/v1/anime/99/similar", 404),
        ("/v1/anime", "/v1/anime", 400),
        ("/v1/generation", "/v1/generation?x=1", 400),
    ],
)
def test_refusals_are_as_described(path, url, status):
    response = client().get(url)

    assert response.status_code == status
    conforms(response, path)


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"[]", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"{}".ljust(2**20 + 1), "application/json", 413),
    ],
)
def test_refused_bodies_are_as_described(data, kind, status):
    response = client().post("/v1/recommendations", data=data, content_type=kind)

    assert response.status_code == status
    conforms(response, "/v1/recommendations", "post")


def test_the_page_says_all_of_it_without_a_script_or_another_site():
    page = client().get("/docs").text

    for path, item in DESCRIBED["paths"].items():
        for method, described in item.items():
            assert f"{method.upper()} {path}" in page
            assert all(f"<code>{one['name']}</code>" in page for one in described["parameters"])
    assert "//" not in re.sub(r"</?\w", "", page).replace("application/json", "")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", page)


@pytest.mark.parametrize(
    ("url", "kind"), [("/docs/style.css", "text/css"), ("/docs/script.js", "text/javascript")]
)
def test_what_the_page_needs_is_served(url, kind):
    response = client().get(url)

    assert (response.status_code, response.mimetype) == (200, kind)
    assert url in client().get("/docs").text
