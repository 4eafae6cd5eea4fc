import json

import pytest
from redis import ConnectionError as RedisDown

from api.app import create_app
from schemas.errors import NothingPublishedError, PayloadError
from tests.builders import GENERATION, LATER, SmallGeneration, anime, catalogue, ranking
from tests.fakes import BrokenRankings, InMemoryRankings

TITLES = (
    anime(11061, "Hunter x Hunter (2011)"),
    anime(
        5114,
        "Fullmetal Alchemist: Brotherhood",
        type="TV",
        year=2009,
        genres=("Action", "Drama"),
        episodes=64,
        studios=("Bones",),
        franchise=3,
    ),
)
FILTERS = "limit, genres, exclude_genres, types, year_min, year_max, franchise, adult, niche"
LISTS = ["/v1/users/7/recommendations", "/v1/users/7/similar", "/v1/anime/1/similar"]


def client_of(**parts):
    return create_app(InMemoryRankings(SmallGeneration(**parts))).test_client()


def get(path, **parts):
    return client_of(**parts).get(path)


def ids(response):
    return [item["anime_id"] for item in response.json["items"]]


def problem(response):
    assert response.mimetype == "application/problem+json"
    assert response.json["status"] == response.status_code
    return response.status_code, response.json["detail"]


def test_a_known_user_gets_the_precomputed_ranking_with_titles_and_reasons():
    stored = ranking(1, reasons={0: 0.31})

    response = get("/v1/users/7/recommendations", anime=TITLES, users={7: stored})

    reason = {"anime_id": 11061, "title": "Hunter x Hunter (2011)", "share": 0.31}
    assert response.mimetype == "application/json"
    assert response.json == {
        "user_id": 7,
        "source": "precomputed",
        "generation": GENERATION,
        "stale": False,
        "items": [
            {
                "rank": 1,
                "anime_id": 5114,
                "score": 1.0,
                "title": "Fullmetal Alchemist: Brotherhood",
                "type": "TV",
                "year": 2009,
                "genres": ["Action", "Drama"],
                "reasons": [reason],
            }
        ],
    }


def test_titles_are_escaped():
    title = 'Say "I love\\you"\n</script> 好きっていいなよ。'

    response = get("/v1/users/7/recommendations", anime=[anime(1, title)], users={7: ranking(0)})

    assert response.json["items"][0]["title"] == title


def test_two_reasons_are_listed_largest_first_and_none_is_an_empty_list():
    users = {1: ranking(2, reasons={0: 0.5, 1: 0.25}), 2: ranking(2)}
    client = client_of(users=users)

    both = client.get("/v1/users/1/recommendations").json["items"][0]["reasons"]
    none = client.get("/v1/users/2/recommendations").json["items"][0]["reasons"]

    assert [reason["anime_id"] for reason in both] == [1, 2]
    assert none == []


def test_reasons_can_be_left_out():
    users = {7: ranking(2, reasons={0: 0.5})}

    [item] = get("/v1/users/7/recommendations?reasons=0", users=users).json["items"]

    assert "reasons" not in item


def test_a_known_user_with_nothing_left_to_watch_is_not_a_cold_start_user():
    response = get("/v1/users/7/recommendations", users={7: ()}, popular=ranking(4))

    assert (response.json["source"], response.json["items"]) == ("precomputed", [])


def test_a_cold_start_user_gets_popular_anime():
    response = get("/v1/users/404/recommendations", popular=ranking(4, 0))

    assert response.json["source"] == "popular"
    assert response.json["user_id"] == 404
    assert ids(response) == [5, 1]


def test_limit_shortens_a_popular_answer_too():
    assert ids(get("/v1/users/404/recommendations?limit=1", popular=ranking(4, 0))) == [5]


def test_ten_are_listed_unless_the_caller_says_otherwise():
    parts = {"anime": catalogue(*range(1, 30)), "users": {7: ranking(*range(29))}}

    assert len(ids(get("/v1/users/7/recommendations", **parts))) == 10
    assert len(ids(get("/v1/users/7/recommendations?limit=100", **parts))) == 29


def test_similar_titles_name_the_anime_and_carry_no_reasons():
    response = get("/v1/anime/3/similar?limit=1", similar={3: ranking(4, 0)})

    assert (response.json["anime_id"], response.json["source"]) == (3, "precomputed")
    assert "user_id" not in response.json
    assert ids(response) == [5]
    assert "reasons" not in response.json["items"][0]


def test_similar_users_are_listed_nearest_first():
    response = get("/v1/users/7/similar", neighbours={7: {2**63 - 1: 0.75, 4: 0.125}})

    assert response.mimetype == "application/json"
    assert response.json == {
        "user_id": 7,
        "source": "precomputed",
        "generation": GENERATION,
        "stale": False,
        "items": [
            {"rank": 1, "user_id": 2**63 - 1, "similarity": 0.75},
            {"rank": 2, "user_id": 4, "similarity": 0.125},
        ],
    }


def test_ten_similar_users_are_listed_unless_the_caller_says_otherwise():
    client = client_of(neighbours={7: dict.fromkeys(range(100, 150), 0.5)})

    assert len(client.get("/v1/users/7/similar").json["items"]) == 10
    assert len(client.get("/v1/users/7/similar?limit=100").json["items"]) == 50


@pytest.mark.parametrize("neighbours", [{}, {404: {}}])
def test_nobody_is_similar_to_a_user_without_known_taste(neighbours):
    response = get("/v1/users/404/similar", neighbours=neighbours)

    assert (response.status_code, response.json["items"]) == (200, [])


@pytest.mark.parametrize("name", ["reasons", "franchise"])
def test_similar_users_take_a_limit_and_nothing_else(name):
    status, detail = problem(get(f"/v1/users/7/similar?{name}=1"))

    assert (status, detail) == (400, f"unknown query parameter '{name}'; allowed here: limit")


def test_a_title_without_similar_ones_has_an_empty_list():
    response = get("/v1/anime/3/similar")

    assert (response.status_code, response.json["items"]) == (200, [])


@pytest.mark.parametrize("path", ["/v1/anime/99", "/v1/anime/99/similar"])
def test_an_unknown_anime_is_not_found(path):
    assert problem(get(path)) == (404, "anime 99 is not in the catalogue")


def test_an_anime_is_described():
    response = get("/v1/anime/5114", anime=TITLES)

    assert response.json == {
        "anime_id": 5114,
        "title": "Fullmetal Alchemist: Brotherhood",
        "title_english": "",
        "title_japanese": "",
        "synonyms": [],
        "type": "TV",
        "year": 2009,
        "episodes": 64,
        "genres": ["Action", "Drama"],
        "studios": ["Bones"],
        "source": "",
        "adult": False,
        "raters": 0,
        "mean_rating": None,
    }


def test_the_live_generation_is_described_with_the_one_before():
    old, new = SmallGeneration(), SmallGeneration(generation=LATER)
    client = create_app(InMemoryRankings(old, new, previous=GENERATION)).test_client()

    response = client.get("/v1/generation")

    assert response.json["generation"] == LATER
    assert response.json["previous"] == GENERATION
    assert response.json["dataset"] == "sha256:data"


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", ["0", "101", "ten", "-1", "", "1.5", "٣", "9" * 4000, "+5", "05"])
def test_a_limit_outside_1_to_100_is_refused(path, limit):
    status, detail = problem(client_of().get(path, query_string={"limit": limit}))

    assert status == 400
    assert detail.startswith("limit must be an integer from 1 to 100, got '")
    assert len(detail) < 100


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("reasons=2", "reasons must be 0 or 1, got '2'"),
        ("reasons=true", "reasons must be 0 or 1, got 'true'"),
        ("franchise=some", "franchise must be 'one' or 'all', got 'some'"),
        ("limit=5&limit=5", "limit must be given once"),
        (
            "genre=Action",
            f"unknown query parameter 'genre'; allowed here: {FILTERS}, reasons",
        ),
        (
            "%ff=1",
            f"unknown query parameter '\\ufffd'; allowed here: {FILTERS}, reasons",
        ),
        ("adult=2", "adult must be 0 or 1, got '2'"),
        ("adult=", "adult must be 0 or 1, got ''"),
        ("niche=1.01", "niche must be a number from 0 to 1, got '1.01'"),
        ("niche=-0.1", "niche must be a number from 0 to 1, got '-0.1'"),
        ("niche=1e-", "niche must be a number from 0 to 1, got '1e-'"),
        ("niche=1e99", "niche must be a number from 0 to 1, got '1e99'"),
        ("niche=nan", "niche must be a number from 0 to 1, got 'nan'"),
        ("niche=.", "niche must be a number from 0 to 1, got '.'"),
        ("&" * 5000, "the query string must be at most 4096 bytes long"),
    ],
)
def test_a_refused_parameter_says_which_and_what_is_allowed(query, detail):
    assert problem(get(f"/v1/users/7/recommendations?{query}")) == (400, detail)


def test_similar_titles_do_not_take_reasons():
    _, detail = problem(get("/v1/anime/1/similar?reasons=1"))

    assert detail == f"unknown query parameter 'reasons'; allowed here: {FILTERS}"


@pytest.mark.parametrize("path", ["/v1/generation", "/v1/anime/1"])
def test_routes_without_parameters_take_none(path):
    status, detail = problem(get(f"{path}?limit=1"))

    assert (status, detail) == (400, "unknown query parameter 'limit'; none is allowed here")


@pytest.mark.parametrize("franchise", ["one", "all"])
def test_franchise_is_accepted(franchise):
    assert get(f"/v1/users/7/recommendations?franchise={franchise}").status_code == 200


@pytest.mark.parametrize("user_id", ["0", "9223372036854775807", "00000000000000000000007"])
def test_user_ids_go_from_0_to_the_largest_64_bit_integer(user_id):
    response = get(f"/v1/users/{user_id}/recommendations")

    assert response.json["user_id"] == int(user_id)


@pytest.mark.parametrize("route", ["recommendations", "similar"])
@pytest.mark.parametrize("user_id", ["9223372036854775808", "9" * 5000])
def test_a_user_id_out_of_range_is_refused(user_id, route):
    status, detail = problem(get(f"/v1/users/{user_id}/{route}"))

    assert (status, detail) == (
        400,
        "user_id must be an integer from 0 to 9223372036854775807",
    )


@pytest.mark.parametrize("path", ["/v1/anime/0", "/v1/anime/2147483648/similar"])
def test_an_anime_id_out_of_range_is_refused(path):
    status, detail = problem(get(path))

    assert (status, detail) == (400, "anime_id must be an integer from 1 to 2147483647")


@pytest.mark.parametrize("path", ["/nope", "/v1/users/-1/recommendations", "/v1/anime/1.5"])
def test_a_path_that_names_nothing_is_not_found(path):
    assert problem(get(path)) == (404, f"Nothing is at '{path}'; /docs lists what there is.")


def test_of_a_long_or_strange_path_little_is_said_back():
    status, detail = problem(get("/é" + "x" * 500))

    assert status == 404
    assert detail.startswith("Nothing is at '/\\xe9xxx")
    assert len(detail) < 160


def test_digits_of_other_scripts_are_not_ids():
    assert problem(get("/v1/users/٣/recommendations"))[0] == 404


def test_a_method_that_is_not_allowed_is_a_problem_that_names_the_allowed_ones():
    response = client_of().delete("/v1/generation")

    detail = "DELETE is not answered here; allowed are GET, HEAD, OPTIONS."
    assert problem(response) == (405, detail)
    assert {"GET", "HEAD"} <= set(response.headers["Allow"].split(", "))


@pytest.mark.parametrize("path", [*LISTS, "/v1/generation", "/healthz", "/readyz", "/"])
def test_head_answers_like_get_without_a_body(path):
    client = client_of()

    head, full = client.head(path), client.get(path)

    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == str(len(full.data))


@pytest.mark.parametrize("path", [*LISTS, "/v1/generation", "/readyz", "/v1/anime/1"])
def test_a_store_that_is_away_is_a_503_that_leaks_no_address(path):
    rankings = BrokenRankings(RedisDown("connection refused by 10.0.0.7"))

    response = create_app(rankings).test_client().get(path)

    assert problem(response) == (503, "The store does not answer. Try again shortly.")
    assert response.headers["Retry-After"] == "2"
    assert "10.0.0.7" not in response.text


@pytest.mark.parametrize("path", [*LISTS, "/v1/generation", "/readyz"])
def test_nothing_published_is_a_503(path):
    rankings = BrokenRankings(NothingPublishedError("ahr:v1:control has no pointer"))

    response = create_app(rankings).test_client().get(path)

    assert problem(response)[0] == 503
    assert "Retry-After" in response.headers


def test_stored_data_that_cannot_be_read_is_logged_with_its_key(caplog):
    rankings = BrokenRankings(PayloadError("ahr:v1:g:u:7: unknown ranking version 9"))

    response = create_app(rankings).test_client().get("/v1/users/7/recommendations")

    assert problem(response)[0] == 500
    assert response.json["title"] == "Stored data cannot be read"
    assert "ahr:v1:g:u:7" not in response.text
    assert "ahr:v1:g:u:7: unknown ranking version 9" in caplog.text


def test_a_mistake_of_ours_is_a_problem_without_details():
    rankings = BrokenRankings(ZeroDivisionError("secret"))

    response = create_app(rankings).test_client().get("/v1/users/7/recommendations")

    assert problem(response)[0] == 500
    assert "secret" not in response.text


def test_health_does_not_ask_the_store():
    rankings = BrokenRankings(RedisDown("away"))

    assert create_app(rankings).test_client().get("/healthz").status_code == 200


def test_ready_means_a_generation_is_live_and_its_catalogue_loads():
    assert get("/readyz").json == {"status": "ready", "generation": GENERATION}


def test_the_root_is_a_page_that_links_the_description():
    response = get("/")

    assert response.mimetype == "text/html"
    assert 'href="/docs"' in response.text


@pytest.mark.parametrize("path", ["/", "/v1/generation", "/nope"])
def test_browsers_are_told_not_to_guess_types(path):
    assert get(path).headers["X-Content-Type-Options"] == "nosniff"


def test_text_is_utf_8_as_json_demands():
    response = get("/v1/anime/1", anime=[anime(1, "鋼の錬金術師")])

    assert json.loads(response.data.decode("utf-8"))["title"] == "鋼の錬金術師"
