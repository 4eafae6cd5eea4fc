import numpy as np
import pytest

from batch.franchises import Audience, find_franchises
from batch.kinship import ENOUGH, Facts, evidence, telling_words
from batch.title_words import head_of, names_a_side_entry, stem_of, words_of
from tests.builders import anime

SAME = {"studios": ("Sunset",), "source": "Manga", "genres": ("Action", "Drama")}
"""What seasons of one work usually share."""


def nobody():
    return Audience(np.empty(0, np.int32), np.empty(0, np.int64), np.zeros((0, 0)))


def found_in(*titles, audience=None):
    catalogue = [anime(id, **facts) for id, facts in enumerate(titles, start=1)]
    return find_franchises(catalogue, audience or nobody())


def season(title, year, **facts):
    return {"title": title, "year": year, "type": "TV", **SAME, **facts}


@pytest.mark.parametrize(
    "title",
    [
        "Ryuusei no Kishi",
        "Ryuusei no Kishi 2nd Season",
        "Ryuusei no Kishi Season 3 Part 2",
        "Ryuusei no Kishi: The Final Season",
        "Ryuusei no Kishi Movie 1",
        "Ryuusei no Kishi II",
        "Ryuusei no Kishi (2019)",
        "Ryūsei no Kishi OVA".replace("Ryū", "Ryuu"),
        "Shin Ryuusei no Kishi",
    ],
)
def test_seasons_films_and_specials_have_the_stem_of_the_work(title):
    assert stem_of(title) == ("ryuusei", "no", "kishi")


def test_accents_case_and_punctuation_do_not_matter():
    assert words_of("Pokémon: The FIRST☆Movie's!") == ("pokemon", "the", "first", "movies")


def test_a_title_of_nothing_but_markers_is_its_own_stem():
    assert stem_of("Movie 2") == ("movie", "2")
    assert stem_of("◯") == ("◯",)


def test_a_head_ends_at_a_colon_a_dash_or_a_bracket():
    assert (
        head_of("Kishi: Shippuu") == head_of("Kishi - Owari") == head_of("Kishi (TV)") == ("kishi",)
    )


@pytest.mark.parametrize("title", ["Kishi Recap", "Kishi Specials", "Kishi: Picture Drama 3"])
def test_some_titles_say_that_they_are_side_entries(title):
    assert names_a_side_entry(title)
    assert not names_a_side_entry("Kishi no Tabi")


def test_seasons_of_one_work_are_one_franchise_that_begins_with_the_first():
    found = found_in(
        season("Ryuusei no Kishi 2nd Season", 2004),
        season("Ryuusei no Kishi", 2001),
        season("Umi no Uta", 2001),
    )

    assert found.franchise.tolist() == [2, 2, 0]
    assert found.series.tolist() == [2, 2, 0]


def test_no_ratings_are_needed():
    found = found_in(season("Kishi", 2001), season("Kishi: Owari", 2026))

    assert found.franchise.tolist() == [1, 1]


def test_an_english_title_connects_what_the_original_one_does_not():
    first = season("Hoshi no Michi", 2001, title_english="Road of Stars")
    later = season("Shin Ginga Retsuden", 2008, title_english="Road of Stars: Return")

    assert found_in(first, later).franchise.tolist() == [1, 1]


def test_the_same_single_word_of_different_works_is_no_franchise():
    mystery = season("Monster", 2004, studios=("Madhouse",), genres=("Mystery",))
    comedy = season("Monster Musume", 2015, studios=("Lerche",), genres=("Comedy",))

    assert found_in(mystery, comedy).franchise.tolist() == [0, 0]


def test_a_common_beginning_is_no_franchise():
    one = season("Mahou Shoujo Rina", 2004, studios=("A",), source="Original")
    other = season("Mahou Shoujo Tsukasa", 2009, studios=("B",))

    assert found_in(one, other).franchise.tolist() == [0, 0]


def test_works_of_one_studio_that_begin_alike_are_no_franchise():
    one, other = season("Mahou Shoujo Rina", 2004), season("Mahou Shoujo Tsukasa", 2009)

    assert found_in(one, other).franchise.tolist() == [0, 0]


def test_specials_music_and_short_films_for_sale_are_side_entries():
    found = found_in(
        season("Kishi", 2001),
        season("Kishi: Natsu", 2000, type="Special"),
        season("Kishi: Haru", 2000, type="OVA", episodes=1),
        season("Kishi: Aki", 2003, type="OVA", episodes=6),
        season("Kishi: Fuyu", 2004, type="Movie"),
        season("Kishi Movie Recap", 2004, type="Movie"),
    )

    assert found.side.tolist() == [False, True, True, False, False, True]
    assert set(found.franchise.tolist()) == {1}


def test_a_franchise_of_specials_begins_with_the_first_of_them():
    found = found_in(
        season("Kishi: Natsu", 2002, type="Special"), season("Kishi: Haru", 2000, type="Special")
    )

    assert found.franchise.tolist() == [2, 2]
    assert found.side.tolist() == [True, False]


def audience_of(gram, watchers=100):
    size = len(gram)
    return Audience(
        np.arange(size, dtype=np.int32), np.full(size, watchers), np.array(gram, np.float64)
    )


def test_a_title_whose_audience_does_not_know_the_first_begins_a_series_of_its_own():
    titles = [
        season("Kidou Kishi", 1979),
        season("Kidou Kishi Wing", 1995),
        season("Kidou Kishi Wing 2nd Season", 1997),
    ]
    gram = [[100, 20, 15], [20, 100, 70], [15, 70, 80]]

    found = found_in(*titles, audience=audience_of(gram))

    assert found.franchise.tolist() == [1, 1, 1]
    assert found.series.tolist() == [1, 2, 2]


def test_a_title_whose_audience_knows_the_first_is_a_sequel():
    titles = [season("Kishi", 2001), season("Kishi: Owari", 2003)]

    found = found_in(*titles, audience=audience_of([[100, 60], [60, 70]]))

    assert found.series.tolist() == [1, 1]


def strength(one, other, near):
    facts = [Facts.of(anime(id, **title)) for id, title in enumerate((one, other), start=1)]
    return evidence(*facts, telling_words(facts * 3), near)


def test_a_close_audience_tips_the_scales_where_names_say_little():
    zero = season("Unmei/Zero", 2011, studios=("Fire",))
    night = season("Unmei/Yoru", 2006, studios=("Dawn",))

    assert strength(zero, night, 0) < ENOUGH <= strength(zero, night, 2)


def test_a_close_audience_alone_makes_no_franchise():
    one, other = season("Ringo", 2011), season("Mikan", 2012)

    assert strength(one, other, 2) < ENOUGH


def test_titles_that_few_watched_are_close_to_nothing():
    gram = [[1.0, 1.0], [1.0, 1.0]]

    assert audience_of(gram, watchers=2).near() == {}
    assert audience_of(gram, watchers=50).near() == {(0, 1): 2}


@pytest.mark.parametrize("size", [0, 1])
def test_a_catalogue_of_next_to_nothing_has_no_franchises(size):
    titles = [season("Kishi", 2001)] * size

    assert (
        found_in(*titles, audience=audience_of(np.ones((size, size)))).series.tolist() == [0] * size
    )
