import json

import pytest

from api.app import create_app
from tests.builders import SmallGeneration, catalogue, ranking
from tests.fakes import InMemoryRankings

PATH = "/v1/recommendations"
PARTS = {
    "anime": catalogue(1, 2, 3, 4, 5, 6, 7, 8),
    "influences": {1: {2: 0.5, 3: 0.25}, 2: {3: 0.5, 4: 0.125}},
    "popular": ranking(7, 6, 5, 4, 3, 2, 1, 0),
}


def client():
    return create_app(InMemoryRankings(SmallGeneration(**PARTS))).test_client()


def ask(**body):
    return client().post(PATH, json=body)


def send(data, content_type="application/json"):
    return client().post(PATH, data=data, content_type=content_type)


def ids(response):
    return [item["anime_id"] for item in response.json["items"]]


def live_ids(response):
    return [item["anime_id"] for item in response.json["items"] if "source" not in item]


def refusal(response):
    assert (response.status_code, response.mimetype) == (400, "application/problem+json")
    return response.json["detail"]


def test_given_titles_are_ranked_live_and_named_as_reasons():
    response = ask(ratings=[{"anime_id": 1, "rating": 10}, {"anime_id": 2, "rating": 10}], limit=2)

    assert (response.json["source"], response.json["ignored"]) == ("live", [])
    assert not {"user_id", "anime_id"} & response.json.keys()
    best, second = response.json["items"]
    assert (best["rank"], best["anime_id"], best["score"]) == (1, 4, 0.75)
    assert best["reasons"] == [
        {"anime_id": 2, "title": "Anime 2", "share": 0.667},
        {"anime_id": 1, "title": "Anime 1", "share": 0.333},
    ]
    assert second["anime_id"] == 3


def test_a_short_live_list_is_filled_up_from_popular():
    response = ask(ratings=[{"anime_id": 1}], limit=5)

    assert response.json["source"] == "live"
    assert [item["rank"] for item in response.json["items"]] == [1, 2, 3, 4, 5]
    assert ids(response) == [3, 4, 8, 7, 6]
    assert [item.get("source") for item in response.json["items"]] == [None, None] + 3 * ["popular"]


def test_a_title_named_alone_is_liked_like_a_ten():
    named, rated = ask(ratings=[{"anime_id": 1}]), ask(ratings=[{"anime_id": 1, "rating": 10}])

    assert named.json == rated.json


@pytest.mark.parametrize("status", ["completed", "watching", "on_hold"])
def test_a_status_without_rating_is_weak_evidence(status):
    response = ask(ratings=[{"anime_id": 1, "status": status}], limit=1)

    assert response.json["items"][0]["score"] == 0.125


def test_a_low_rating_pushes_away():
    response = ask(ratings=[{"anime_id": 1, "rating": 1}, {"anime_id": 2, "rating": 10}])

    assert live_ids(response) == [4, 5]


def test_a_dropped_title_pushes_away_whatever_its_rating():
    response = ask(ratings=[{"anime_id": 1, "rating": 10, "status": "dropped"}, {"anime_id": 2}])

    assert live_ids(response) == [4, 5]


@pytest.mark.parametrize("status", ["dropped", "planned", "completed"])
def test_no_title_that_was_given_comes_back(status):
    response = ask(ratings=[{"anime_id": 1}, {"anime_id": 3, "status": status}], limit=100)

    assert sorted(ids(response)) == [2, 4, 5, 6, 7, 8]


def test_excluded_titles_do_not_come_back_from_either_source():
    response = ask(ratings=[{"anime_id": 1}], exclude=[3, 8, 999], limit=3)

    assert ids(response) == [4, 7, 6]


def test_a_title_given_twice_counts_as_given_last():
    twice = ask(ratings=[{"anime_id": 1, "rating": 1}, {"anime_id": 1, "rating": 10}])

    assert twice.json == ask(ratings=[{"anime_id": 1, "rating": 10}]).json


def test_titles_that_the_catalogue_lacks_are_named():
    response = ask(ratings=[{"anime_id": 999}, {"anime_id": 1}, {"anime_id": 998}])

    assert response.json["ignored"] == [999, 998]
    assert response.json["source"] == "live"


@pytest.mark.parametrize("body", [{}, {"ratings": []}, {"ratings": [{"anime_id": 999}]}])
def test_without_a_usable_title_the_answer_is_popular(body):
    response = ask(**body, limit=2)

    assert response.json["source"] == "popular"
    assert ids(response) == [8, 7]
    assert all("source" not in item for item in response.json["items"])


def test_titles_that_only_push_away_leave_the_popular_list_without_them():
    response = ask(ratings=[{"anime_id": 1, "status": "dropped"}], exclude=[8], limit=100)

    assert response.json["source"] == "popular"
    assert ids(response) == [7, 6, 5, 4, 3, 2]


def test_reasons_can_be_left_out():
    response = ask(ratings=[{"anime_id": 1}], reasons=0)

    assert all("reasons" not in item for item in response.json["items"])


RATING = "an integer from 1 to 10"
ANIME_ID = "an integer from 1 to 2147483647"
STATUSES = "one of watching, completed, on_hold, dropped, planned"


@pytest.mark.parametrize(
    ("title", "detail"),
    [
        ({"anime_id": 1, "rating": 0}, f"ratings[0].rating must be {RATING}, got 0"),
        ({"anime_id": 1, "rating": 11}, f"ratings[0].rating must be {RATING}, got 11"),
        ({"anime_id": 1, "rating": True}, f"ratings[0].rating must be {RATING}, got true"),
        ({"anime_id": 1, "rating": 9.0}, f"ratings[0].rating must be {RATING}, got 9.0"),
        ({"anime_id": 1, "rating": None}, f"ratings[0].rating must be {RATING}, got null"),
        ({"anime_id": 1, "rating": "9"}, f"ratings[0].rating must be {RATING}, got '9'"),
        ({"anime_id": 0}, f"ratings[0].anime_id must be {ANIME_ID}, got 0"),
        ({"anime_id": 2**31}, f"ratings[0].anime_id must be {ANIME_ID}, got 2147483648"),
        ({"anime_id": [1]}, f"ratings[0].anime_id must be {ANIME_ID}, got an array"),
        ({"rating": 5}, "ratings[0].anime_id is required"),
        ({"anime_id": 1, "status": "seen"}, f"ratings[0].status must be {STATUSES}, got 'seen'"),
        (
            {"anime_id": 1, "status": "\ud800"},
            f"ratings[0].status must be {STATUSES}, got '\\ud800'",
        ),
        (
            {"anime_id": 1, "score": 5},
            "unknown field in ratings[0] 'score'; allowed here: anime_id, rating, status",
        ),
        (5, "ratings[0] must be a JSON object, got 5"),
    ],
)
def test_a_refused_rating_says_which_and_what_is_allowed(title, detail):
    assert refusal(ask(ratings=[title])) == detail


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"ratings": {}}, "ratings must be an array, got an object"),
        ({"exclude": "7"}, "exclude must be an array, got '7'"),
        ({"exclude": [True]}, f"exclude[0] must be {ANIME_ID}, got true"),
        ({"limit": True}, "limit must be an integer from 1 to 100, got true"),
        ({"limit": 5.0}, "limit must be an integer from 1 to 100, got 5.0"),
        ({"limit": "5"}, "limit must be an integer from 1 to 100, got '5'"),
        ({"limit": [5]}, "limit must be an integer from 1 to 100, got an array"),
        ({"reasons": False}, "reasons must be 0 or 1, got false"),
        ({"franchise": "some"}, "franchise must be 'one' or 'all', got 'some'"),
        (
            {"genre": ["Action"]},
            "unknown field 'genre'; allowed here: limit, genres, exclude_genres, types, year_min, "
            "year_max, franchise, adult, niche, reasons, ratings, exclude",
        ),
        ({"adult": True}, "adult must be 0 or 1, got true"),
        ({"niche": "0.5"}, "niche must be a number from 0 to 1, got '0.5'"),
        ({"niche": 1.5}, "niche must be a number from 0 to 1, got 1.5"),
        (
            {"niche": False},
            "niche must be a number from 0 to 1, got false",
        ),
        ([], "the body must be a JSON object, got an array"),
    ],
)
def test_a_refused_field_says_which_and_what_is_allowed(body, detail):
    assert refusal(client().post(PATH, json=body)) == detail


@pytest.mark.parametrize("field", ["ratings", "exclude"])
def test_more_than_5000_titles_are_refused(field):
    rows = [{"anime_id": n + 1} if field == "ratings" else n + 1 for n in range(5001)]

    assert refusal(ask(**{field: rows})) == f"{field} must hold at most 5000 entries, got 5001"
    assert ask(**{field: rows[:5000]}).status_code == 200


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        (b"", "the body is not JSON: Expecting value"),
        (b"{'ratings': []}", "the body is not JSON: Expecting property name"),
        (b'{"limit": NaN}', "the body is not JSON: NaN is not a JSON number"),
        (b'{"limit": -Infinity}', "the body is not JSON: -Infinity is not a JSON number"),
        (b'{"limit": 1e400}', "limit must be an integer from 1 to 100, got inf"),
        (b'{"limit": ' + b"9" * 5000 + b"}", "the body holds a number that is too long"),
        (b'{"limit": 1, "limit": 2}', "the body has the field 'limit' twice in one object"),
        (b'{"ratings": [{"anime_id": 1, "anime_id": 2}]}', "the body has the field 'anime_id'"),
        (b"[" * 100_000, "the body is nested too deeply"),
        (b'{"x": "\xff"}', "the body is not UTF-8"),
    ],
)
def test_a_body_that_is_not_plain_json_is_refused(text, detail):
    assert refusal(send(text)).startswith(detail)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_of_another_type_is_415(content_type):
    response = send(b"{}", content_type)

    assert (response.status_code, response.mimetype) == (415, "application/problem+json")
    assert "application/json" in response.json["detail"]


def test_a_charset_beside_the_type_is_fine():
    assert send(b"{}", "application/json; charset=utf-8").status_code == 200


def test_a_body_of_more_than_a_mebibyte_is_413():
    longest = json.dumps({"limit": 1}).encode().ljust(1024 * 1024)

    assert send(longest).status_code == 200
    response = send(longest + b" ")
    assert (response.status_code, response.mimetype) == (413, "application/problem+json")


def test_parameters_of_a_live_request_belong_in_the_body():
    response = client().post(f"{PATH}?limit=1", json={})

    assert refusal(response) == "unknown query parameter 'limit'; none is allowed here"
