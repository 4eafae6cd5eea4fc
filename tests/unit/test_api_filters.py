"""Genres, types and years: what they leave of each kind of answer, and what fills it up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import routes, service
from api.app import create_app
from api.lookup import Lookup
from api.parameters import Filtered, Listing
from api.queries import parse_query
from api.shelves import Shelves
from schemas.errors import InvalidParameterError
from schemas.records import Column, Interaction, Status
from tests.builders import GENERATION, SmallGeneration, anime, ranking
from tests.fakes import InMemoryRankings

TITLES = (
    anime(1, genres=("Action", "Drama"), type="TV", year=1998, raters=900, mean_rating=8.0),
    anime(2, genres=("Action",), type="Movie", year=2005, raters=800, mean_rating=8.2),
    anime(3, genres=("Drama",), type="TV", year=2009, raters=700, mean_rating=8.4),
    anime(4, genres=("Comedy",), type="OVA", year=None, raters=600, mean_rating=7.0),
    anime(5, genres=("Comedy", "Action"), type="TV", year=2015, raters=500, mean_rating=7.5),
    anime(6, genres=("Sci-Fi",), type="TV", year=2015, raters=400, mean_rating=9.0),
    anime(7, genres=(), type="", year=2020, raters=0),
    anime(8, genres=("Comedy",), type="TV", year=2016, raters=300, mean_rating=6.0, adult=True),
    anime(9, genres=("Comedy",), type="TV", year=2017, raters=200, mean_rating=6.5),
)
EVERYTHING = ranking(*range(9))
SOMEBODY = "/v1/users/7/recommendations"
STRANGER = "/v1/users/404/recommendations"


def client_of(**parts):
    return create_app(InMemoryRankings(SmallGeneration(anime=TITLES, **parts))).test_client()


def ids(response):
    assert response.status_code == 200, response.json
    return [item["anime_id"] for item in response.json["items"]]


def sources(response):
    return [item.get("source") for item in response.json["items"]]


def history(*rows):
    """(column, rating, status) of each title."""
    return [Interaction(Column(column), rating, Status(status)) for column, rating, status in rows]


FILTERS = [
    ("genres=Action", [1, 2, 5]),
    ("genres=action,SCI-fi", [1, 2, 5, 6]),
    ("genres=%20Drama%20,Sci-Fi", [1, 3, 6]),
    ("exclude_genres=Action", [3, 4, 6, 7, 8, 9]),
    ("genres=Action&exclude_genres=Drama,Comedy", [2]),
    ("types=tv", [1, 3, 5, 6, 8, 9]),
    ("types=Movie,OVA", [2, 4]),
    ("year_min=2015", [5, 6, 7, 8, 9]),
    ("year_max=2005", [1, 2]),
    ("year_min=2005&year_max=2009", [2, 3]),
    ("year_min=2005&genres=Action&types=TV", [5]),
    ("year_min=1900&year_max=2100", [1, 2, 3, 4, 5, 6, 7, 8, 9]),
]


@pytest.mark.parametrize(("query", "expected"), FILTERS)
def test_a_filter_leaves_the_titles_it_names(query, expected):
    client = client_of(users={7: EVERYTHING}, similar={7: EVERYTHING})

    shown = ids(client.get(f"{SOMEBODY}?adult=1&franchise=all&{query}"))
    similar = ids(client.get(f"/v1/anime/7/similar?adult=1&{query}"))

    assert shown == expected
    assert similar == expected


def test_a_filter_keeps_the_product_rules():
    client = client_of(users={7: EVERYTHING})

    assert ids(client.get(f"{SOMEBODY}?genres=Comedy")) == [4, 5, 9]
    assert ids(client.get(f"{SOMEBODY}?genres=Comedy&adult=1")) == [4, 5, 8, 9]


def test_a_filter_that_leaves_everything_changes_nothing():
    client = client_of(users={7: EVERYTHING})

    whole = client.get(f"{SOMEBODY}?limit=5").json["items"]
    filtered = client.get(f"{SOMEBODY}?limit=5&exclude_genres=Sci-Fi").json["items"]

    assert filtered == whole


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        (
            "genres=Actoin",
            "genres has no 'Actoin'; allowed are Action, Comedy, Drama, Sci-Fi",
        ),
        ("types=Film", "types has no 'Film'; allowed are Movie, OVA, TV"),
        (
            "types=Film&exclude_genres=X",
            "exclude_genres has no 'X'; allowed are Action, Comedy, Drama, Sci-Fi; "
            "types has no 'Film'; allowed are Movie, OVA, TV",
        ),
        ("year_min=2010&year_max=2000", "year_min must not be above year_max, got 2010 and 2000"),
        ("year_min=10", "year_min must be an integer from 1900 to 2100, got '10'"),
        ("year_max=2101", "year_max must be an integer from 1900 to 2100, got '2101'"),
        ("genres=", "genres[0] must be text of 1 to 100 characters, got ''"),
        ("genres=a&genres=b", "genres must be given once"),
        (
            "limit=0&adult=2&colour=red",
            "unknown query parameter 'colour'; allowed here: limit, genres, exclude_genres, types, "
            "year_min, year_max, franchise, adult, niche, reasons; "
            "limit must be an integer from 1 to 100, got '0'; adult must be 0 or 1, got '2'",
        ),
    ],
)
@pytest.mark.parametrize("path", [SOMEBODY, STRANGER])
def test_a_refused_filter_says_which_and_what_is_allowed(path, query, detail):
    response = client_of(users={7: EVERYTHING}).get(f"{path}?{query}")

    assert (response.status_code, response.json["detail"]) == (400, detail)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"genres": "Action"}, "genres must be an array, got 'Action'"),
        ({"genres": [5]}, "genres[0] must be text of 1 to 100 characters, got 5"),
        ({"genres": ["Actoin"]}, "genres has no 'Actoin'; allowed are Action, Comedy, Drama"),
        ({"types": ["TV"] * 101}, "types must hold at most 100 entries, got 101"),
        ({"year_min": "2010"}, "year_min must be an integer from 1900 to 2100, got '2010'"),
        ({"year_min": None}, "year_min must be an integer from 1900 to 2100, got null"),
        ({"year_min": 2010, "year_max": 2009}, "year_min must not be above year_max"),
    ],
)
def test_a_refused_filter_in_a_body_says_so_too(body, detail):
    response = client_of().post("/v1/recommendations", json=body)

    assert response.status_code == 400
    assert response.json["detail"].startswith(detail)


def test_a_stranger_gets_popular_titles_within_the_filter():
    client = client_of(popular=ranking(0, 1))

    response = client.get(f"{STRANGER}?genres=Comedy,Sci-Fi")

    assert ids(response) == [6, 5, 4, 9]
    assert (response.json["source"], sources(response)) == ("popular", [None] * 4)


def test_what_nobody_rated_is_not_popular():
    assert ids(client_of().get(f"{STRANGER}?year_min=2020")) == []


PARTS = {
    "users": {7: ranking(4)},
    "histories": {7: history((0, 9, 2), (3, 0, 6))},
    "influences": {1: {1: 0.5, 8: 0.4, 2: 0.9, 3: 0.8}},
}


def test_a_short_list_is_filled_up_from_the_users_own_titles_then_from_popular():
    response = client_of(**PARTS).get(f"{SOMEBODY}?genres=Action,Comedy,Sci-Fi")

    assert ids(response) == [5, 2, 9, 6]
    assert sources(response) == [None, "live", "live", "popular"]
    assert response.json["source"] == "precomputed"
    assert [item["rank"] for item in response.json["items"]] == [1, 2, 3, 4]


def test_titles_that_fill_up_have_reasons():
    response = client_of(**PARTS).get(f"{SOMEBODY}?genres=Action&types=Movie")

    [item] = response.json["items"]
    assert item["reasons"] == [{"anime_id": 1, "title": "Anime 1", "share": 1.0}]


@pytest.mark.parametrize("status", [1, 2, 3, 4, 6])
def test_what_somebody_has_seen_dropped_or_planned_never_fills_up(status):
    parts = PARTS | {"histories": {7: history((0, 9, 2), (1, 5, status), (8, 0, status))}}

    response = client_of(**parts).get(f"{SOMEBODY}?genres=Action,Comedy&limit=100")

    assert not {1, 2, 9} & {*ids(response)}


def test_a_dropped_title_pushes_away_what_fills_up():
    parts = PARTS | {"histories": {7: history((0, 9, 4))}}

    response = client_of(**parts).get(f"{SOMEBODY}?genres=Action&types=Movie")

    assert sources(response) == ["popular"]


def test_of_a_long_history_the_titles_that_count_most_fill_up():
    titles = [anime(number, genres=("Action",) * (number > 80)) for number in range(1, 91)]
    made = SmallGeneration(
        anime=tuple(titles),
        users={7: ()},
        histories={7: history(*((column, 6, 2) for column in range(60)), (60, 10, 2), (61, 1, 2))},
        influences={1: {80: 0.5}, 60: {81: 0.5}, 61: {82: 0.5}, 62: {83: -0.5}},
    )
    client = create_app(InMemoryRankings(made)).test_client()

    assert ids(client.get(f"{SOMEBODY}?genres=Action")) == [83, 84, 81]


def test_nothing_fills_up_without_a_filter():
    assert ids(client_of(**PARTS).get(SOMEBODY)) == [5]
    assert ids(client_of(**PARTS | {"users": {7: ()}}).get(SOMEBODY)) == []


def test_nothing_fills_up_for_somebody_whose_history_is_lost():
    parts = PARTS | {"histories": {}}

    assert ids(client_of(**parts).get(f"{SOMEBODY}?genres=Comedy")) == [5]


def test_a_list_that_was_read_without_its_history_is_filled_up_the_same():
    rankings = InMemoryRankings(SmallGeneration(anime=TITLES, **PARTS))
    loaded = service.current(rankings)
    listing = Listing(genres=("Comedy",))

    answers = [
        service.recommend_from(rankings, loaded, state, listing)
        for state in (
            rankings.user(GENERATION, 7),
            rankings.user(GENERATION, 7, with_history=True),
        )
    ]

    assert answers[0] == answers[1]
    assert len(answers[0].more[0][1].columns) > 0


class Watched(InMemoryRankings):
    """Notes whether a history came with the user, and how many were read alone since."""

    came_with_user = None
    read_alone = 0

    def user(self, generation, user_id, *, with_history=False):
        found = super().user(generation, user_id, with_history=with_history)
        self.came_with_user, self.read_alone = with_history, 0
        return found

    def history(self, generation, user_id):
        self.read_alone += 1
        return super().history(generation, user_id)


def by_lookup(rankings, query):
    return Lookup(rankings).answer(7, query.encode(), "").body


def by_service(rankings, query):
    return service.recommend(rankings, 7, parse_query(query.encode(), routes.LISTING))


@pytest.mark.parametrize("ask", [by_lookup, by_service])
@pytest.mark.parametrize(
    ("query", "filtered"),
    [
        ("", False),
        ("limit=3&franchise=all&adult=1", False),
        ("genres=Action,Comedy", True),
        ("types=TV", True),
        ("year_min=2000", True),
    ],
)
def test_a_history_comes_with_the_user_where_it_may_be_needed_and_never_alone(ask, query, filtered):
    rankings = Watched(SmallGeneration(anime=TITLES, **PARTS))

    ask(rankings, query)

    assert (rankings.came_with_user, rankings.read_alone) == (filtered, 0)


def test_what_is_refused_asks_for_nobody():
    rankings = Watched(SmallGeneration(anime=TITLES, **PARTS))

    with pytest.raises(InvalidParameterError):
        by_lookup(rankings, "limit=0")

    assert rankings.came_with_user is None


def test_a_full_list_is_not_filled_up():
    response = client_of(**PARTS).get(f"{SOMEBODY}?genres=Action&limit=1")

    assert ids(response) == [5]


def test_what_fills_up_repeats_no_franchise():
    titles = (
        anime(1, genres=("Action",), franchise=1, series=1, raters=5, mean_rating=9.0),
        anime(2, genres=("Action",), franchise=1, series=2, raters=5, mean_rating=9.0),
        anime(3, genres=("Action",), raters=5, mean_rating=8.0),
        anime(4, raters=5, mean_rating=8.0),
    )
    made = SmallGeneration(
        anime=titles, users={7: ranking(0)}, histories={7: history((3, 9, 2))},
        influences={4: {1: 0.9, 2: 0.5}},
    )  # fmt: skip
    client = create_app(InMemoryRankings(made)).test_client()

    assert ids(client.get(f"{SOMEBODY}?genres=Action")) == [1, 3]


def test_similar_titles_are_filled_up_by_their_own_audience_and_never_by_popular_ones():
    client = client_of(
        similar={1: ranking(2, 4)}, influences={1: {1: 0.5, 4: 0.4, 7: 0.3, 0: 0.9, 2: -0.5}}
    )

    response = client.get("/v1/anime/1/similar?genres=Action,Comedy")

    assert ids(response) == [5, 2]
    assert sources(response) == [None, "live"]
    assert all("reasons" not in item for item in response.json["items"])
    assert ids(client.get("/v1/anime/1/similar?genres=Action,Comedy&adult=1")) == [5, 2, 8]


def test_a_live_answer_keeps_to_the_filter_in_both_its_parts():
    client = client_of(influences={3: {0: 0.5, 1: 0.4, 3: 0.9}}, popular=EVERYTHING)

    response = client.post(
        "/v1/recommendations", json={"ratings": [{"anime_id": 3}], "genres": ["Action"]}
    )

    assert ids(response) == [1, 2, 5]
    assert sources(response) == [None, None, "popular"]


def test_fame_counts_for_somebody_who_names_few_titles():
    parts = {"influences": {3: {5: 0.5, 8: 0.51}}, "popular": EVERYTHING}
    body = {"ratings": [{"anime_id": 3}], "limit": 2, "franchise": "all"}

    plain = client_of(**parts).post("/v1/recommendations", json=body)
    famed = client_of(**parts, fame={"1": 5.0, "10": 0.0}).post("/v1/recommendations", json=body)

    assert ids(plain) == [9, 6]
    assert ids(famed) == [1, 2]
    assert famed.json["source"] == "live"
    assert famed.json["items"][0]["reasons"] == []


names = st.sampled_from(["Action", "Drama", "Comedy", "Sci-Fi"])
shelves_of = st.lists(
    st.tuples(
        st.lists(names, max_size=3, unique=True).map(tuple),
        st.sampled_from(["TV", "Movie", ""]),
        st.none() | st.integers(1990, 2000),
    ),
    min_size=1,
    max_size=20,
)
asked = st.builds(
    Filtered,
    genres=st.lists(names, max_size=2).map(tuple),
    exclude_genres=st.lists(names, max_size=2).map(tuple),
    types=st.lists(st.sampled_from(["TV", "Movie"]), max_size=2).map(tuple),
    year_min=st.sampled_from([1900, 1993, 1996]),
    year_max=st.sampled_from([1996, 1999, 2100]),
)


def fits(one, wanted):
    return (
        (not wanted.genres or bool({*wanted.genres} & {*one.genres}))
        and not {*wanted.exclude_genres} & {*one.genres}
        and (not wanted.types or one.type in wanted.types)
        and ((wanted.year_min == 1900 and wanted.year_max == 2100) or one.year is not None)
        and (one.year is None or wanted.year_min <= one.year <= wanted.year_max)
    )


@given(shelves_of, asked)
def test_masks_say_what_going_through_the_titles_says(rows, wanted):
    titles = [
        anime(number, genres=genres, type=kind, year=year)
        for number, (genres, kind, year) in enumerate(rows, start=1)
    ]
    shelves = Shelves(titles, np.linspace(1, 0.1, len(titles)))

    try:
        within = shelves.within(wanted)
    except InvalidParameterError:
        known = {genre for one in titles for genre in one.genres}
        kinds = {one.type for one in titles}
        assert {*wanted.genres, *wanted.exclude_genres} - known or {*wanted.types} - kinds
        return
    expected = [column for column, one in enumerate(titles) if fits(one, wanted)]
    if within is None:
        assert expected == list(range(len(titles)))
        return
    assert [column for column, is_in in enumerate(within.allowed) if is_in] == expected
    assert within.popular.columns == expected
