"""Ratings from the pages: which forms are believed, and what comes of them."""

import re

import pytest

from api import csrf
from api.app import Parts, create_app
from api.dashboard.rating import COOKIE
from api.inbox import Inbox
from schemas import keys
from tests.builders import SmallGeneration, anime, ranking
from tests.fakes import InMemoryRankings

TITLES = (anime(1, "One"), anime(2, "Two"), anime(3, "Three"))
MADE = SmallGeneration(anime=TITLES, users={7: ranking(0, 1, 2)})
PAGE = "/users?user_id=7&titles=romaji"
SECRET = "a secret of one visitor"
TOKEN = csrf.token(SECRET)


@pytest.fixture
def visitor(client):
    rankings = InMemoryRankings(MADE)
    return create_app(rankings, Parts(inbox=Inbox(rankings, client, backlog=2))).test_client()


def rated(client):
    """Anime, rating and status of every entry."""
    entries = [fields for _, fields in client.xrange(keys.STREAM)]
    return [tuple(int(one[name]) for name in (b"anime", b"rating", b"status")) for one in entries]


def sent(visitor, mark="2:9", token=TOKEN, page=PAGE, **headers):
    visitor.set_cookie(COOKIE, SECRET, path="/users")
    return visitor.post(page, data={"mark": mark, "csrf": token}, headers=headers)


def test_a_form_of_the_page_rates_and_leads_back_to_the_page(visitor, client):
    page = visitor.get(PAGE)
    token = re.search(r'name="csrf" value="(\w+)"', page.text)[1]

    answer = visitor.post(PAGE, data={"mark": "2:9", "csrf": token})

    assert answer.status_code == 303
    assert answer.location == "/users?titles=romaji&user_id=7&rated=2"
    assert rated(client) == [(2, 9, 0)]
    after = visitor.get(answer.location).text
    assert "Noted what you think of Two" in after
    assert re.findall(r'<h3><a href="/anime/(\d+)">', after) == ["1", "3"]
    assert "rated=" not in re.search(r'data-address="([^"]*)"', after)[1]


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(visitor):
    given = visitor.get(PAGE).headers["Set-Cookie"]

    assert {"HttpOnly", "SameSite=Strict", "Path=/users"} <= set(given.split("; "))
    assert "Set-Cookie" not in visitor.get(PAGE).headers
    assert "Secure" in visitor.get(PAGE, base_url="https://a.example").headers["Set-Cookie"]


@pytest.mark.parametrize(("mark", "kept"), [("2:x", (2, 0, 4)), ("2:p", (2, 0, 6))])
def test_a_title_may_be_refused_or_put_off(visitor, client, mark, kept):
    assert sent(visitor, mark).status_code == 303
    assert rated(client) == [kept]


@pytest.mark.parametrize(
    ("status", "said", "how"),
    [
        (403, "too old", {"token": ""}),
        (403, "too old", {"token": csrf.token("of somebody else")}),
        (403, "another site", {"Sec-Fetch-Site": "cross-site"}),
        (403, "another site", {"Origin": "https://evil.example"}),
        (400, "each of likes must be", {"mark": "two"}),
        (400, "a rating, a status, or both are required", {"mark": "2"}),
        (404, "anime 9 is not in the catalogue", {"mark": "9:9"}),
        (400, "user_id is required", {"page": "/users"}),
    ],
)
def test_what_is_not_believed_changes_nothing(visitor, client, status, said, how):
    answer = sent(visitor, **how)

    assert answer.status_code == status
    assert said in answer.text
    assert rated(client) == []


def test_no_cookie_no_rating(visitor, client):
    answer = visitor.post(PAGE, data={"mark": "2:9", "csrf": csrf.token("")})

    assert answer.status_code == 403
    assert rated(client) == []


def test_more_than_may_wait_is_refused(visitor, client):
    for number in (1, 2):
        assert sent(visitor, f"{number}:9").status_code == 303

    assert sent(visitor, "3:9").status_code == 503
    assert len(rated(client)) == 2


def test_where_pages_take_no_ratings_there_are_no_forms():
    closed = create_app(InMemoryRankings(MADE)).test_client()

    page = closed.get(PAGE)

    assert 'class="rate"' not in page.text
    assert "Set-Cookie" not in page.headers
    assert sent(closed).status_code == 404
