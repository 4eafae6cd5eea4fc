"""Insights as programs and people get them."""

import re

import pytest

from api.app import Parts, create_app
from api.auth import MissingKeyError
from api.dashboard.charts import beside_crowd, best_liked, years_of
from api.guard import Guard
from schemas.insights import Audience, Gem, Group, Leaning, Rise, Rising, Trait, Traits
from schemas.records import AnimeId
from tests.builders import GENERATION, LATER, SmallGeneration, anime, insights
from tests.fakes import InMemoryRankings

TITLES = (anime(10, "Ten", genres=("Drama",), type="TV", year=2001), anime(20, "Twenty"))
TOLD = insights(
    traits=Traits(genres=(Trait("Drama", 1, 1.0, 40, 8.0, 0.5),)),
    rising=Rising(28, 50, (Rise(AnimeId(20), 30, 2.5),)),
    gems=(Gem(AnimeId(10), 5, 8.5, 0.9),),
    groups=(Group(0.4, (Leaning("Drama", 0.4, 0.2),), (AnimeId(20),)),),
)
TEN = {"anime_id": 10, "title": "Ten", "type": "TV", "year": 2001, "genres": ["Drama"]}


def client(told=TOLD, rankings=None, parts=None):
    made = rankings or InMemoryRankings(SmallGeneration(anime=TITLES, insights=told))
    return create_app(made, parts).test_client()


def trait(name, watched, liked=0.5):
    return Trait(name, 1, watched, 100, 7.0, liked)


def test_programs_get_titles_with_their_names():
    found = client().get("/v1/insights").json

    assert (found["generation"], found["stale"], found["users"]) == (GENERATION, False, 10)
    assert found["gems"] == [TEN | {"raters": 5, "mean": 8.5, "liked": 0.9}]
    assert [one["title"] for one in found["rising"]["items"]] == ["Twenty"]
    assert [one["title"] for one in found["groups"][0]["titles"]] == ["Twenty"]
    assert found["genres"][0]["watched"] == 1.0
    assert "version" not in found


def test_a_generation_of_before_has_none_yet_and_says_when():
    asked = client(told=None)
    found, page = asked.get("/v1/insights"), asked.get("/insights")

    assert (found.status_code, found.mimetype) == (404, "application/problem+json")
    assert "the next refresh makes them" in found.json["detail"]
    assert page.status_code == 200
    assert "They come with the next refresh" in page.text
    assert "ETag" not in found.headers


def test_the_answer_is_tagged_by_the_generation():
    first = client().get("/v1/insights")
    again = client().get("/v1/insights", headers={"If-None-Match": first.headers["ETag"]})
    later = SmallGeneration(generation=LATER, anime=TITLES, insights=TOLD)
    other = client(rankings=InMemoryRankings(later)).get(
        "/v1/insights", headers={"If-None-Match": first.headers["ETag"]}
    )

    assert first.headers["Cache-Control"] == "public, max-age=60"
    assert (again.status_code, other.status_code) == (304, 200)


class Away(InMemoryRankings):
    """The store is away, and answers are remembered."""

    is_stale = True


def test_what_is_old_is_said_to_be_and_not_to_be_kept():
    asked = client(rankings=Away(SmallGeneration(anime=TITLES, insights=TOLD)))
    found = asked.get("/v1/insights")

    assert found.json["stale"] is True
    assert found.headers["Cache-Control"] == "no-store"
    assert "The store is away" in asked.get("/insights").text


class NoKeys:
    def require(self, _):
        raise MissingKeyError("a key is needed")


@pytest.mark.parametrize("path", ["/v1/insights", "/insights"])
def test_private_reads_ask_for_a_key(path):
    parts = Parts(guard=Guard(NoKeys(), None, private_reads=True), private_reads=True)

    assert client(parts=parts).get(path).status_code == 401


def test_parameters_are_refused():
    assert client().get("/v1/insights?x=1").status_code == 400
    assert client().get("/insights?x=1").status_code == 400


def test_people_see_titles_that_lead_to_their_pages_and_genres_to_their_lists():
    page = client().get("/insights").text

    assert re.search(r'<a href="/anime/20">Twenty</a>.*30 people, where 2.5', page, re.DOTALL)
    assert re.search(r'<a href="/anime/10">Ten</a>.*8.50 of 10 from 5 people', page, re.DOTALL)
    assert '<a href="/?genres=Drama">Drama</a>' in page
    assert "40 % of people" in page
    assert "Drama ×\u00a02.0" in page


@pytest.mark.parametrize(
    ("ratings", "words"),
    [(0, "Nobody has rated anything in the last 28 days"), (9, "Nothing stands out among 9")],
)
def test_where_nothing_rises_it_is_said_why(ratings, words):
    assert words in client(insights(rising=Rising(28, ratings))).get("/insights").text


def test_what_nobody_likes_has_a_bar_of_no_length():
    page = client(insights(traits=Traits(studios=(trait("Nobody’s", 0.5, 0.0),)))).get("/insights")

    assert page.status_code == 200
    assert re.search(r'Nobody’s</th><td><svg[^>]*><rect class="fond" width="0.0"', page.text)


def test_years_stand_in_whole_decades_by_their_place():
    found = years_of([trait("1961", 0.0001), trait("1995", 0.1, 0.25), trait("2004", 0.2)])

    assert found.decades == ["1990s", "2000s"]
    assert [(one.left, one.watched, one.liked) for one in found.columns] == [
        (25, 20, 10), (70, 40, 20)
    ]  # fmt: skip
    assert found.width == 5


def test_one_year_is_no_chart():
    assert years_of([trait("1995", 0.1)]) is None
    assert years_of([]) is None


def test_of_what_is_watched_most_what_is_liked_most_comes_first():
    found = best_liked([trait("A", 0.5, 0.3), trait("B", 0.4, 0.9), trait("C", 0.3, 0.6)])

    assert [one.name for one in found] == ["B", "C", "A"]


def test_fans_are_told_apart_by_what_they_like_more_and_less():
    more, less = beside_crowd(
        Audience(50, (Leaning("A", 0.5, 0.2), Leaning("B", 0.2, 0.25), Leaning("C", 0.1, 0.3)))
    )

    assert [(one.name, one.theirs, one.crowd) for one in more] == [("A", 0.5, 0.2)]
    assert [one.name for one in less] == ["C", "B"]
    assert beside_crowd(None) == ([], [])
