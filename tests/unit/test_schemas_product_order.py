from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.product_order import (
    MOST_SHOWN,
    Taste,
    arrange,
    facts_of,
    lean,
    rules_of,
    started_series,
)
from schemas.records import Rule
from tests.builders import anime

SAGA, OTHER, ALONE = 10, 20, 0
GENRES = ("Action", "Comedy", "Drama", "Horror", "Sports")


@st.composite
def worlds(draw):
    """Facts of some titles, and a ranking of some of them."""
    titles = draw(
        st.lists(
            st.tuples(
                st.sampled_from([ALONE, SAGA, OTHER]),
                st.booleans(),
                st.booleans(),
                st.sets(st.sampled_from(GENRES)),
                st.integers(0, 10_000),
                st.none() | st.integers(1970, 2026),
            ),
            min_size=1,
            max_size=140,
        )
    )
    catalogue = [
        anime(id, franchise=own, series=own, side=side, adult=adult, genres=tuple(sorted(genres)),
              raters=raters, year=year)
        for id, (own, side, adult, genres, raters, year) in enumerate(titles, start=1)
    ]  # fmt: skip
    columns = draw(st.permutations(range(len(titles))))[: draw(st.integers(0, len(titles)))]
    n = len(columns)
    levels = st.lists(st.integers(0, 4095), min_size=n, max_size=n)
    worth = sorted(draw(levels), reverse=True)
    rules = draw(st.lists(st.sampled_from([0, 0, 0, 1, 2, 3]), min_size=n, max_size=n))
    return facts_of(catalogue), columns, worth, rules


tastes = st.builds(Taste, st.booleans(), st.sampled_from([0.0, 0.25, 1.0]))


@given(worlds(), tastes)
def test_what_is_shown_is_some_of_the_list_each_entry_once(world, taste):
    facts, columns, worth, rules = world

    shown = arrange(columns, worth, rules, facts, taste)

    assert len(set(shown)) == len(shown) <= MOST_SHOWN
    assert set(shown) <= set(range(len(columns)))


@given(worlds(), tastes)
def test_nothing_flagged_is_shown_and_nothing_adult_unless_asked_for(world, taste):
    facts, columns, worth, rules = world

    shown = arrange(columns, worth, rules, facts, taste)

    assert not any(rules[at] for at in shown)
    assert taste.adult or not any(facts.adult[columns[at]] for at in shown)


@given(worlds(), tastes)
def test_every_franchise_that_may_be_shown_is_shown_once(world, taste):
    facts, columns, worth, rules = world
    allowed = [
        facts.franchise[one]
        for one, flags in zip(columns, rules, strict=True)
        if not flags and (taste.adult or not facts.adult[one])
    ]

    shown = [facts.franchise[columns[at]] for at in arrange(columns, worth, rules, facts, taste)]

    wanted = len(set(allowed) - {ALONE}) + allowed.count(ALONE)
    assert len(shown) == min(wanted, MOST_SHOWN)
    assert all(shown.count(name) <= 1 for name in (SAGA, OTHER))


@given(worlds(), tastes, st.integers(1, 30))
def test_fewer_are_the_first_of_more(world, taste, most):
    facts, columns, worth, rules = world

    few = arrange(columns, worth, rules, facts, taste, most=most)

    assert few == arrange(columns, worth, rules, facts, taste)[:most]


def test_the_right_entry_takes_its_place_from_far_down_a_short_list():
    facts = facts_with(saga(2005), *[{}] * 7, saga(2001))
    worth = [100, 99, 98, 97, 96, 95, 94, 93, 60]

    assert arrange(list(range(9)), worth, [0] * 9, facts, most=1) == [8]


def test_a_short_list_takes_turns_as_a_long_one_does():
    facts = facts_of([anime(1, genres=("A",)), anime(2, genres=("A",)), anime(3, genres=("B",))])

    assert arrange([0, 1, 2], [100, 95, 90], [0] * 3, facts, most=2) == [0, 2]


@given(worlds(), tastes, st.integers(1, 30), st.data())
def test_only_some_may_be_shown_as_if_there_were_no_others(world, taste, most, data):
    facts, columns, worth, rules = world
    kept = [at for at in range(len(columns)) if data.draw(st.booleans())]
    parts = ([part[at] for at in kept] for part in (columns, worth, rules))

    found = arrange(columns, worth, rules, facts, taste, most=most, among=kept)

    assert found == [kept[at] for at in arrange(*parts, facts, taste, most=most)]


@given(worlds(), tastes)
def test_the_same_list_gives_the_same_order(world, taste):
    facts, columns, worth, rules = world

    again = arrange(list(columns), list(worth), list(rules), replace(facts), taste)

    assert arrange(columns, worth, rules, facts, taste) == again


@given(worlds(), st.sampled_from([0.25, 8, 1024]))
def test_the_unit_of_scores_does_not_matter(world, unit):
    facts, columns, worth, rules = world
    scaled = [one * unit for one in worth]

    assert arrange(columns, scaled, rules, facts) == arrange(columns, worth, rules, facts)


@given(worlds())
def test_without_a_lean_the_order_stays(world):
    facts, columns, worth, _ = world

    assert list(lean(columns, worth, facts, Taste())[0]) == list(range(len(columns)))


def facts_with(*titles):
    return facts_of([anime(id, **facts) for id, facts in enumerate(titles, start=1)])


def saga(year, **facts):
    return {"franchise": SAGA, "series": SAGA, "year": year, "type": "TV"} | facts


def test_the_earliest_unseen_entry_stands_at_the_place_of_the_best_one():
    facts = facts_with({}, saga(2003), saga(2002), saga(2001))

    assert arrange([1, 0, 3, 2], [10, 9, 8, 7], [0] * 4, facts) == [2, 1]


def test_a_special_never_stands_in_for_a_season():
    facts = facts_with(saga(2003), saga(2001, side=True))

    assert arrange([0, 1], [10, 9], [0, 0], facts) == [0]


def test_of_two_specials_the_better_one_is_shown():
    facts = facts_with(saga(2003, side=True), saga(2001, side=True))

    assert arrange([0, 1], [10, 9], [0, 0], facts) == [0]


def test_a_season_stands_in_for_a_special_that_is_worth_more():
    facts = facts_with(saga(2003, side=True), saga(2005))

    assert arrange([0, 1], [10, 9], [0, 0], facts) == [1]


def test_an_earlier_entry_that_suits_far_less_does_not_stand_in():
    facts = facts_with(saga(2003), saga(2001))

    assert arrange([0, 1], [10, 4], [0, 0], facts) == [0]


def test_an_entry_of_another_series_does_not_stand_in():
    facts = facts_with(saga(2003, series=1), saga(2001))

    assert arrange([0, 1], [10, 9], [0, 0], facts) == [0]


def test_a_flagged_entry_does_not_hide_its_franchise():
    facts = facts_with(saga(2003), saga(2001))

    assert arrange([0, 1], [10, 9], [Rule.PREREQUISITE_MISSING, 0], facts) == [1]


def test_a_franchise_that_is_shown_already_is_not_shown_again():
    facts = facts_with(saga(2003), {})

    assert arrange([0, 1], [10, 9], [0, 0], facts, taken=[SAGA]) == [1]


def test_genres_take_turns_where_little_is_lost():
    facts = facts_with({"genres": ("Action",)}, {"genres": ("Action",)}, {"genres": ("Drama",)})

    assert arrange([0, 1, 2], [100, 95, 90], [0] * 3, facts) == [0, 2, 1]
    assert arrange([0, 1, 2], [100, 95, 20], [0] * 3, facts) == [0, 1, 2]


def test_titles_without_genres_stay_in_order():
    assert arrange([2, 0, 1], [3, 2, 1], [0] * 3, facts_with({}, {}, {})) == [0, 1, 2]


def test_a_little_lean_moves_a_little_and_the_best_known_title_does_not_vanish():
    facts = facts_with({"raters": 10_000}, {"raters": 2_000}, {"raters": 20})
    orders = [
        arrange([0, 1, 2], [100, 80, 30], [0] * 3, facts, Taste(niche=niche))
        for niche in (0.0, 0.2, 0.5, 1.0)
    ]

    assert orders == [[0, 1, 2], [1, 0, 2], [1, 2, 0], [2, 1, 0]]


def test_a_lean_to_rare_titles_brings_them_forward():
    facts = facts_with({"raters": 10_000}, {"raters": 20})

    assert arrange([0, 1], [10, 9], [0, 0], facts, Taste(niche=0.5)) == [1, 0]
    assert arrange([0, 1], [10, 9], [0, 0], facts, Taste(niche=0.0)) == [0, 1]


@pytest.mark.parametrize(
    ("started", "dropped", "flags"),
    [
        (set(), set(), [0, Rule.PREREQUISITE_MISSING, 0]),
        ({SAGA}, set(), [0, 0, 0]),
        ({OTHER}, {OTHER}, [0, Rule.PREREQUISITE_MISSING, 0]),
        ({SAGA}, {SAGA}, [Rule.FRANCHISE_DROPPED, Rule.FRANCHISE_DROPPED, 0]),
        (set(), {SAGA}, [Rule.FRANCHISE_DROPPED, 3, 0]),
    ],
)
def test_a_sequel_needs_its_series_and_a_dropped_franchise_stays_away(started, dropped, flags):
    catalogue = [
        anime(SAGA, franchise=SAGA, series=SAGA),
        anime(11, franchise=SAGA, series=SAGA),
        anime(12),
    ]

    assert rules_of([0, 1, 2], started, dropped, facts_of(catalogue)) == flags


def test_a_special_does_not_start_a_series():
    facts = facts_with(saga(2001), saga(2002, side=True))

    assert started_series([1], facts) == set()
    assert started_series([0, 1], facts) == {SAGA}
