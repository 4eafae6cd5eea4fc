"""What the product rules do to answers, by the parameters that callers send."""

import pytest

from api import lines
from api.app import create_app
from api.parameters import Listing
from api.selection import for_people
from schemas import ranking_codec
from schemas.order import Order
from schemas.product_order import facts_of
from schemas.records import Column, Entry, Rule
from tests.builders import SmallGeneration, anime, ranking
from tests.fakes import InMemoryRankings

SAGA = {"franchise": 1, "series": 1}
TITLES = (
    anime(1, year=2001, raters=900, **SAGA),
    anime(2, year=2003, raters=800, **SAGA),
    anime(3, year=2004, side=True, raters=10, **SAGA),
    anime(4, adult=True, raters=500),
    anime(5, raters=1000),
    anime(6, raters=3),
    anime(7, franchise=1, series=7, year=2010),
)
START, SEQUEL, SPECIAL, ADULT, POPULAR, RARE, REBOOT = range(7)


def entries(*rows):
    """(column, score) or (column, score, rules), best first."""
    return tuple(Entry(Column(column), score, *map(Rule, rules)) for column, score, *rules in rows)


STORED = entries((SEQUEL, 9.0, 1), (START, 8.5), (ADULT, 8.0), (POPULAR, 7.0), (RARE, 6.9),
                 (SPECIAL, 1.0, 1))  # fmt: skip


def client_of(**parts):
    return create_app(InMemoryRankings(SmallGeneration(anime=TITLES, **parts))).test_client()


def ids(response):
    assert response.status_code == 200, response.json
    return [item["anime_id"] for item in response.json["items"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [1, 5, 6]),
        ("franchise=one&adult=0&niche=0", [1, 5, 6]),
        ("adult=1", [1, 4, 5, 6]),
        ("franchise=all", [2, 1, 4, 5, 6, 3]),
        ("franchise=all&limit=2", [2, 1]),
        ("niche=1", [6, 1, 5]),
        ("niche=1e-9", [1, 5, 6]),
        ("niche=.1E1", [6, 1, 5]),
        ("niche=1&limit=1", [6]),
        ("franchise=all&niche=1", [6, 4, 2, 1, 5, 3]),
    ],
)
def test_a_list_is_shown_as_it_is_asked_for(query, expected):
    client = client_of(users={7: STORED})

    assert ids(client.get(f"/v1/users/7/recommendations?{query}")) == expected


def test_somebody_with_nothing_left_to_show_gets_nothing_rather_than_popular_titles():
    client = client_of(users={7: entries((SEQUEL, 9.0, 1))}, popular=ranking(POPULAR))

    response = client.get("/v1/users/7/recommendations")

    assert (response.json["source"], ids(response)) == ("precomputed", [])


def read(payload, **asked):
    return list(for_people(Order(facts_of(TITLES)), Listing(**asked))(payload).columns)


def test_the_stored_order_is_used_for_the_default_parameters_and_for_no_others():
    payload = ranking_codec.encode(STORED, shown=[4, 1])

    assert read(payload, limit=2) == [RARE, START]
    assert read(payload, limit=1) == [RARE]
    assert read(payload, limit=2, reasons=0) == [RARE, START]
    assert read(payload, adult=1) == [START, ADULT, POPULAR, RARE]
    assert read(payload, franchise="all", limit=2) == [SEQUEL, START]


def test_what_was_not_stored_of_an_order_is_worked_out():
    payload = ranking_codec.encode(STORED, shown=[1])

    assert read(payload, limit=1) == [START]
    assert read(payload, limit=2) == [START, POPULAR]


def test_scores_and_reasons_stay_with_their_entries():
    stored = ranking(3, 2, 1, reasons={0: 0.6})
    payload = ranking_codec.encode(stored, shown=[2, 0])

    found = for_people(Order(facts_of(TITLES)), Listing(limit=2))(payload)

    pure = lines.read(payload, 3)
    assert found.scores == [pure.scores[2], pure.scores[0]]
    assert found.reasons == [pure.reasons[2], pure.reasons[0]]


def test_similar_titles_keep_sequels_and_leave_adult_ones_out():
    client = client_of(similar={1: entries((SEQUEL, 3.0), (ADULT, 2.5), (SPECIAL, 2.0))})

    assert ids(client.get("/v1/anime/1/similar")) == [2, 3]
    assert ids(client.get("/v1/anime/1/similar?adult=1")) == [2, 4, 3]
    assert ids(client.get("/v1/anime/1/similar?franchise=all")) == [2, 4, 3]
    assert ids(client.get("/v1/anime/1/similar?limit=1")) == [2]


def test_similar_titles_can_lean_to_rare_ones():
    client = client_of(similar={1: entries((POPULAR, 3.0), (RARE, 2.9), (SEQUEL, 1.0))})

    assert ids(client.get("/v1/anime/1/similar?niche=1"))[0] == 6


POPULAR_LIST = entries((SEQUEL, 0.9), (ADULT, 0.88), (POPULAR, 0.85), (START, 0.8), (SPECIAL, 0.7))


def test_a_stranger_is_shown_where_to_start_and_nothing_adult():
    client = client_of(popular=POPULAR_LIST)

    assert ids(client.get("/v1/users/404/recommendations")) == [5, 1]
    assert ids(client.get("/v1/users/404/recommendations?limit=1")) == [5]
    assert ids(client.get("/v1/users/404/recommendations?adult=1")) == [4, 5, 1]
    assert ids(client.get("/v1/users/404/recommendations?franchise=all")) == [2, 4, 5, 1, 3]


INFLUENCES = {
    6: {SEQUEL: 0.9, ADULT: 0.8, POPULAR: 0.7, SPECIAL: 0.5},
    1: {SEQUEL: 0.9, POPULAR: 0.5},
}


def live(client, *ratings, **fields):
    return client.post("/v1/recommendations", json={"ratings": list(ratings), **fields})


def test_a_live_answer_leaves_out_what_needs_something_first():
    client = client_of(influences=INFLUENCES)

    assert ids(live(client, {"anime_id": 6})) == [5]
    assert ids(live(client, {"anime_id": 6}, {"anime_id": 1})) == [2, 5]
    assert ids(live(client, {"anime_id": 6}, {"anime_id": 1, "status": "planned"})) == [5]
    assert ids(live(client, {"anime_id": 6}, exclude=[1])) == [5]


def test_a_live_answer_leaves_out_a_franchise_that_was_dropped():
    client = client_of(influences=INFLUENCES, popular=POPULAR_LIST)

    response = live(client, {"anime_id": 6}, {"anime_id": 2, "status": "dropped"})

    assert ids(response) == [5]


def test_a_live_answer_can_be_pure_or_hold_adult_titles():
    client = client_of(influences=INFLUENCES)

    assert ids(live(client, {"anime_id": 6}, franchise="all")) == [2, 4, 5, 3]
    assert ids(live(client, {"anime_id": 6}, adult=1)) == [4, 5]


def test_what_tops_a_live_answer_up_repeats_no_franchise():
    popular = entries((REBOOT, 0.9), (POPULAR, 0.85), (SEQUEL, 0.8))
    client = client_of(influences={6: {START: 0.5}}, popular=popular)

    response = live(client, {"anime_id": 6})

    assert ids(response) == [1, 5]
    assert [item.get("source") for item in response.json["items"]] == [None, "popular"]


def test_live_reasons_belong_to_the_titles_that_are_shown():
    client = client_of(influences=INFLUENCES)

    [item] = live(client, {"anime_id": 6}).json["items"]

    assert [(one["anime_id"], one["share"]) for one in item["reasons"]] == [(6, 1.0)]
