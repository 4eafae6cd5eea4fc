import numpy as np

from batch.insights.rising import rising
from schemas.insights import Rise
from tests.builders import anime


def found(recent, watchers, titles=None):
    titles = titles or [anime(n) for n in range(1, len(recent) + 1)]
    return rising(titles, np.array(recent), np.array(watchers), 28)


def test_what_is_taken_up_more_than_its_fame_explains_rises():
    # A tenth of 10,000: 100 of title 1 were to be expected among a thousand.
    made = found([400, 500, 100], [1_000, 5_000, 4_000])

    assert made.ratings == 1_000
    assert made.items == (Rise(1, 400, 100.0),)


def test_what_rises_most_for_certain_comes_first():
    made = found([60, 300, 640], [10, 1_000, 98_990])

    assert [one.anime_id for one in made.items] == [1, 2]


def test_a_few_people_make_nothing_rise():
    assert found([9, 991], [9, 99_991]).items == ()
    assert [one.anime_id for one in found([10, 990], [10, 99_990]).items] == [1]


def test_chance_makes_nothing_rise():
    random = np.random.default_rng(1)
    watchers = np.rint(10 ** random.uniform(0, 4, 10_000)).astype(int)
    recent = random.poisson(watchers / 20)

    assert found(recent.tolist(), watchers.tolist()).items == ()


def test_adult_titles_neither_rise_nor_count():
    made = found([400, 100], [100, 900], [anime(1, adult=True), anime(2)])

    assert (made.ratings, made.items) == (100, ())


def test_where_nobody_has_rated_nothing_rises():
    assert found([0, 0], [5, 5]).items == found([0, 0], [0, 0]).items == ()
    assert found([0, 0], [5, 5]).ratings == 0
