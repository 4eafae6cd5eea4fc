"""The pages as they are sent: what is on them, escaped, small, and by the rules of the site."""

import io
import re

import pytest
from werkzeug import formparser

from api.app import Parts, create_app
from api.auth import MissingKeyError
from api.dashboard.covers import HUES, PATTERNS, cover
from api.guard import Guard
from schemas import audiences_codec
from schemas.audiences_codec import Crowd, Fans
from schemas.errors import NothingPublishedError
from schemas.insights import Gem, Group, Leaning, Rise, Rising, Trait, Traits
from schemas.records import AnimeId, Column, Interaction, Status
from tests.builders import SmallGeneration, anime, insights, ranking
from tests.fakes import BrokenRankings, InMemoryRankings

MARKUP = "<script>alert('1')</script> & \"quotes\""
TITLES = (
    anime(1, MARKUP, genres=("Action",), type="TV", year=2001, episodes=12, studios=("<i>",),
          raters=1234, mean_rating=8.5, franchise=1),
    anime(2, "Two", title_english="Second", title_japanese="二", genres=("Drama", "Action"),
          type="Movie", year=1999, raters=5, mean_rating=7.0, franchise=1, side=True),
    anime(3, "Three", genres=("Action",), type="TV", year=2003, raters=1),
    anime(4, "Four", genres=("Hentai",), adult=True),
)  # fmt: skip
CROWD = insights(
    traits=Traits(
        genres=(Trait("<i>Drama", 2, 0.5, 900, 7.5, 0.61), Trait("Action", 2, 0.25, 10, 7.5, 0.6)),
        years=(Trait("1999", 1, 0.5, 9, 7.0, 0.5), Trait("2003", 1, 0.25, 9, 7.0, 0.25)),
        studios=(Trait("<i>", 1, 0.5, 9, 7.0, 0.3), Trait("Best", 1, 0.1, 9, 7.0, 0.9)),
    ),
    rising=Rising(28, 50, (Rise(AnimeId(3), 30, 2.5),)),
    gems=(Gem(AnimeId(1), 5, 8.5, 0.9),),
    groups=(Group(0.4, (Leaning("<i>", 0.4, 0.2),), (AnimeId(1), AnimeId(2))),),
)
MADE = SmallGeneration(
    anime=TITLES,
    users={7: ranking(1, reasons={0: 0.5})},
    similar={1: ranking(1)},
    influences={1: {1: 0.5, 2: 0.25}, 2: {2: 0.25}},
    neighbours={7: {44: 0.51}},
    histories={7: [Interaction(Column(0), 9, Status.COMPLETED)]},
    popular=ranking(0, 1, 2),
    insights=CROWD,
    audiences=audiences_codec.encode(Crowd([1, 0], [0.3, 0.2]), {0: Fans(60, {1: 0.5, 0: 0.1})}, 2),
    genres=("Action", "<i>"),
)


@pytest.fixture
def client():
    return create_app(InMemoryRankings(MADE)).test_client()


def names(page):
    return re.findall(r'<h3><a href="/anime/(\d+)">', page.text)


def send(client, data, name="list.csv"):
    return client.post("/import", data={"file": (io.BytesIO(data), name)})


PAGES = [
    "/",
    "/?likes=1:9",
    "/?q=script",
    "/users",
    "/users?user_id=7",
    "/anime/1",
    "/import",
    "/insights",
]


@pytest.mark.parametrize("path", PAGES)
def test_titles_with_markup_are_only_text(client, path):
    page = client.get(path)

    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "<i>" not in page.text


@pytest.mark.parametrize("path", PAGES)
def test_pages_need_nothing_that_the_policy_forbids(client, path):
    text = client.get(path).text

    assert not re.search(r"\sstyle=|\son[a-z]+=|<style|javascript:|<script>", text)
    assert len(text) < 100_000
    assert set(re.findall(r'(?:src|<link[^>]*href)="([^"?]*)', text)) <= {
        "/assets/theme.js", "/assets/dashboard.js", "/assets/dashboard.css", "/assets/icon.svg",
    }  # fmt: skip


def test_without_a_pick_what_is_popular_is_shown(client):
    assert names(client.get("/")) == ["1", "3"]  # one title per franchise
    assert names(client.get("/?franchise=all")) == ["1", "2", "3"]


def test_picks_make_the_list_and_say_why(client):
    page = client.get("/?likes=2:9")

    assert "2" not in names(page)
    why = re.search(r"Because you liked(.*?)</p>", page.text, re.DOTALL)[1]
    assert "Second" in why
    assert "%" not in why, "a part of one is no news"
    assert 'data-address="/?likes=2:9"' in page.text


def test_a_button_does_without_script_what_a_link_says(client):
    by_button = client.get("/?likes=1:9&add=3&q=&niche=0.0&titles=english&view=grid")

    assert 'data-address="/?likes=1:9,3"' in by_button.text
    assert names(by_button) == names(client.get("/?likes=1:9,3"))


def test_filters_hold(client):
    assert names(client.get("/?genres=Drama")) == ["2"]
    assert names(client.get("/?types=TV&exclude_genres=Drama&year_min=2002")) == ["3"]


def test_adult_genres_are_offered_only_where_adult_titles_are(client):
    assert "Hentai" not in client.get("/").text
    assert "Hentai" in client.get("/?adult=1").text


def test_titles_go_by_the_names_that_are_wished_for(client):
    assert ">Second</a>" in client.get("/?genres=Drama").text
    assert ">Two</a>" in client.get("/?genres=Drama&titles=romaji").text


def test_a_user_sees_list_people_and_own_titles(client):
    page = client.get("/users?user_id=7")

    assert names(page) == ["2"]
    assert "/users?user_id=44" in page.text
    assert "51 % alike" in page.text
    assert "★ 9" in page.text


def test_a_stranger_is_told_so(client):
    assert "We know nothing of user 8" in client.get("/users?user_id=8").text


def test_a_title_has_its_franchise_in_order_and_titles_like_it(client):
    page = client.get("/anime/1").text

    assert page.index('"when">1999') < page.index('"when">2001')
    assert "side story" in page
    assert "Shares Action" in page


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/?genres=Nope", 400, "allowed are Action"),
        ("/?likes=x", 400, "anime id"),
        ("/?colour=red", 400, "unknown field"),
        ("/users?user_id=x", 400, "user_id"),
        ("/anime/99", 404, "not in the catalogue"),
        ("/anime/x", 404, "Not Found"),
    ],
)
def test_what_is_wrong_is_said_on_a_page(client, path, status, words):
    page = client.get(path)

    assert (page.status_code, page.mimetype) == (status, "text/html")
    assert words in page.text


def test_browsers_get_a_page_where_there_is_nothing_and_programs_json(client):
    assert client.get("/nope", headers={"Accept": "text/html,*/*;q=0.8"}).mimetype == "text/html"
    assert client.get("/nope").mimetype == "application/problem+json"


def test_a_store_that_is_away_is_said_on_a_page():
    page = create_app(BrokenRankings(NothingPublishedError("x"))).test_client().get("/")

    assert (page.status_code, page.mimetype) == (503, "text/html")
    assert page.headers["Retry-After"]


def test_an_imported_list_makes_the_list_and_is_kept_nowhere(client):
    page = send(client, b"anime_id,rating,status\n2,9,completed\n3,,dropped\n999,,\n?,,")

    assert page.status_code == 200
    assert names(page) == ["1"]
    assert "1 title is not in our catalogue" in page.text
    assert "1 entry could not be read" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    again = client.post("/import", data={"likes": ["2:9c", "3:x"], "genres": "Action"})
    assert 'method="post" action="/import"' in again.text


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [(b"<a", "list.xml", "XML is damaged"), (b"", "", "Choose a file"), (b"", "a", "empty")],
)
def test_a_file_that_is_no_list_is_refused_on_the_page(client, data, name, words):
    page = send(client, data, name)

    assert page.status_code == 400
    assert words in page.text


def test_a_file_that_is_too_large_is_refused_on_the_page(client):
    kind = "multipart/form-data; boundary=b"
    page = client.post("/import", data=b"x" * (2 << 20), content_type=kind)

    assert page.status_code == 400
    assert "larger than 1 MB" in page.text


def test_a_file_that_is_sent_never_touches_the_disk(client, monkeypatch):
    def no_files(*_args, **_names):
        raise AssertionError("a file was opened")

    body = b"\r\n".join(
        [b"--b", b'Content-Disposition: form-data; name="file"; filename="a.csv"', b"",
         b"anime_id\n2\n" + b"?\n" * 400_000, b"--b--", b""]
    )  # fmt: skip
    monkeypatch.setattr(formparser, "SpooledTemporaryFile", no_files)
    monkeypatch.setattr(formparser, "TemporaryFile", no_files, raising=False)

    page = client.post("/import", data=body, content_type="multipart/form-data; boundary=b")

    assert page.status_code == 200


def test_a_long_list_makes_a_small_page():
    many = tuple(anime(number, f"Title {number} " + "x" * 60) for number in range(1, 5_001))
    client = create_app(InMemoryRankings(SmallGeneration(anime=many))).test_client()

    page = send(client, b"anime_id,rating\n" + b"".join(b"%d,9\n" % n for n in range(1, 5_000)))

    assert page.status_code == 200
    assert len(page.data) < 100_000


def test_assets_may_be_kept_since_their_address_changes(client):
    for found in re.findall(r'"(/assets/[^"]*)"', client.get("/").text):
        answer = client.get(found)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]


def test_where_reads_are_private_pages_need_a_key_too():
    class NoKeys:
        def require(self, _header):
            raise MissingKeyError("a key is needed")

    guard = Guard(NoKeys(), None, private_reads=True)
    client = create_app(InMemoryRankings(MADE), Parts(guard=guard)).test_client()

    for path in PAGES:
        assert client.get(path).status_code == 401
    assert client.get("/assets/dashboard.css").status_code == 200


def test_a_cover_follows_from_the_title():
    made = [cover(anime(1, f"Title {number}")) for number in range(300)]

    assert made[0] == cover(anime(9, "Title 0"))
    assert {one.hue for one in made} == set(range(HUES))
    assert {one.pattern for one in made} == set(range(PATTERNS))


def test_japanese_titles_stand_upright_without_what_is_repeated_in_latin():
    made = cover(anime(1, "FMA", title_japanese="鋼の錬金術師 FULLMETAL ALCHEMIST"))

    assert (made.words, made.upright) == ("鋼の錬金術師", True)
    assert not cover(anime(1, "!!!")).upright


def test_a_cover_ends_with_a_word_that_can_end_it():
    title = "The Melancholy of the Haruhi Suzumiya"

    assert cover(anime(1, title)).words == "The Melancholy"
    assert cover(anime(1, "Of The")).words == "Of The"


def test_long_words_stand_whole_in_small_letters():
    assert cover(anime(1, "Neon Evangelionization")).size == "xs"


def test_who_likes_a_title_is_shown_beside_the_crowd_where_it_is_known(client):
    page = client.get("/anime/1").text

    assert "What the 60 people who like it also like" in page
    assert re.search(r'More than the crowd.*"row">Action</th>.*50 %.*20 %', page, re.DOTALL)
    assert "Who likes it" not in client.get("/anime/2").text
