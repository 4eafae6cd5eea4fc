"""Titles found by what people type of their names."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.app import create_app
from api.search import TitleIndex, folded
from tests.builders import SmallGeneration, anime
from tests.fakes import InMemoryRankings

TITLES = tuple(reversed((
    anime(16498, "Shingeki no Kyojin", title_english="Attack on Titan",
          title_japanese="進撃の巨人", synonyms=("AoT",), type="TV", year=2013, raters=900),
    anime(5114, "Fullmetal Alchemist: Brotherhood", title_japanese="鋼の錬金術師", raters=800),
    anime(20, "Naruto", title_japanese="ナルト", raters=700),
    anime(21, "One Piece", raters=600),
    anime(31240, "Re:Zero kara Hajimeru Isekai Seikatsu", raters=500),
    anime(2001, "Tengen Toppa Gurren Lagann", title_english="Gurren Lagann", raters=450),
    anime(33, "Kenpuu Denki Berserk", raters=400),
    anime(1000, "Onegai☆Teacher", raters=300),
    anime(1001, "Titania", raters=5),
    anime(1002, "K", raters=50),
    anime(1003, "K-On!", raters=350),
    anime(1004, "Pokémon", raters=200),
    anime(1005, "Naruto: Shippuuden", raters=650),
    anime(1006, "Hunter x Hunter", raters=100),
    anime(1007, "Jojo's Adventure", raters=90),
    anime(1008, "Shingeki! Kyojin Chuugakkou", title_japanese="進撃！巨人中学校", raters=80),
)))  # fmt: skip
INDEX = TitleIndex(TITLES)
"""Least known first, so that fame and not the order of the catalogue has to decide."""


def found(text, limit=10):
    return [TITLES[column].anime_id for column in INDEX.find(text, limit)]


@pytest.mark.parametrize(
    ("text", "anime_id"),
    [
        ("shingeki no kyojin", 16498),
        ("Attack on Titan", 16498),
        ("進撃の巨人", 16498),
        ("aot", 16498),
        ("SHINGEKI", 16498),
        ("ＮＡＲＵＴＯ", 20),
        ("fullmetal alchemist brotherhood", 5114),
        ("brotherhood", 5114),
        ("pokemon", 1004),
        ("Pokémon", 1004),
        ("re zero", 31240),
        ("rezero", 31240),
        ("Re:Zero", 31240),
        ("k on", 1003),
        ("hunterxhunter", 1006),
        ("hunter hunter", 1006),
        ("jojos", 1007),
        ("jojo's", 1007),
    ],
)
def test_a_title_is_found_by_any_name_however_it_is_spelled(text, anime_id):
    assert found(text)[0] == anime_id


@pytest.mark.parametrize(
    ("text", "anime_id"),
    [("s", 16498), ("shin", 16498), ("attack on ti", 16498), ("full", 5114), ("進", 16498),
     ("巨人", 16498), ("錬金", 5114), ("gurren la", 2001)],
)  # fmt: skip
def test_a_title_is_found_while_it_is_being_typed(text, anime_id):
    assert anime_id in found(text)


@pytest.mark.parametrize(
    ("text", "anime_id"),
    [("narutp", 20), ("nartuo", 20), ("narruto", 20), ("atack on titan", 16498),
     ("fulmetal alchmist", 5114), ("shingeki no kyogin", 16498), ("berzerk", 33),
     ("attack on tittan", 16498), ("onepeice", 21), ("gurren lagan", 2001)],
)  # fmt: skip
def test_a_small_mistake_does_not_matter(text, anime_id):
    assert anime_id in found(text)


def test_short_words_have_no_mistakes():
    assert found("kan") == []


def test_a_better_match_comes_before_a_better_known_title():
    assert found("k")[0] == 1002
    assert found("one") == [21, 1000]
    assert found("naruto")[0] == 20


def test_of_equal_matches_the_better_known_title_comes_first():
    assert found("titan") == [16498, 1001]


def test_where_words_are_not_kept_apart_a_whole_word_is_worth_no_more():
    assert found("進撃") == [16498, 1008]


def test_titles_with_a_mistake_come_after_those_without():
    assert found("titani") == [1001]
    assert found("titan")[0] == 16498


@pytest.mark.parametrize("text", ["zzzzzz", "!?", "☆", "attack naruto"])
def test_what_no_title_is_called_finds_nothing(text):
    assert found(text) == []


def test_no_more_are_found_than_asked_for():
    assert found("k", limit=2) == found("k")[:2]


@given(st.text(max_size=100))
def test_no_text_is_too_odd_to_look_for(text):
    columns = INDEX.find(text, 5)

    assert len(columns) == len({*columns}) <= 5


@given(st.text(max_size=40))
def test_folding_again_changes_nothing(text):
    assert folded(" ".join(folded(text))) == folded(text)


def test_searches_at_once_share_one_index():
    index, answers = TitleIndex(TITLES), []
    threads = [
        threading.Thread(target=lambda: answers.append(index.find("naruto", 1))) for _ in range(8)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert [TITLES[one].anime_id for [one] in answers] == [20] * 8


def test_a_catalogue_without_titles_has_nothing_to_find():
    assert TitleIndex(()).find("naruto", 3) == []


def client():
    return create_app(InMemoryRankings(SmallGeneration(anime=TITLES))).test_client()


def test_a_search_answers_with_what_a_list_to_choose_from_needs():
    response = client().get("/v1/anime?q=attack&limit=1")

    assert response.json == {
        "items": [
            {
                "anime_id": 16498,
                "title": "Shingeki no Kyojin",
                "title_english": "Attack on Titan",
                "type": "TV",
                "year": 2013,
            }
        ]
    }


TEXT = "q must be text of 1 to 100 characters"


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("", "q is required"),
        ("q=", f"{TEXT}, got ''"),
        ("q=%20%20", f"{TEXT}, got '  '"),
        ("q=" + "a" * 101, f"{TEXT}, got 'aaaaaaaaaa"),
        ("q=a&q=b", "q must be given once"),
        ("q=a&limit=101", "limit must be an integer from 1 to 100, got '101'"),
        ("q=a&genres=Action", "unknown query parameter 'genres'; allowed here: q, limit"),
    ],
)
def test_a_refused_search_says_why(query, detail):
    response = client().get(f"/v1/anime?{query}")

    assert response.status_code == 400
    assert response.json["detail"].startswith(detail)
