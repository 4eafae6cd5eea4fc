import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.ranking import top_n
from batch.rules import ProductRules
from schemas import product_order
from schemas.product_order import facts_of, started_series
from schemas.records import Rule, Status
from tests.builders import anime
from tests.datasets import histories

FIRST, SECOND, SPECIAL, FILM, ALONE, OTHER_SERIES = range(6)
CATALOGUE = [
    anime(1, franchise=1, series=1, year=2001),
    anime(2, franchise=1, series=1, year=2003),
    anime(3, franchise=1, series=1, year=2002, side=True),
    anime(4, franchise=1, series=1, year=2004),
    anime(5),
    anime(6, franchise=1, series=6, year=2010),
]
RULES = ProductRules(facts_of(CATALOGUE))
MISSING, DROPPED = Rule.PREREQUISITE_MISSING, Rule.FRANCHISE_DROPPED


def flags(*history):
    everything = np.arange(len(CATALOGUE))[None]
    return RULES.flags(histories({7: history}), everything)[0].tolist()


def test_somebody_new_to_a_franchise_may_start_each_of_its_series():
    assert flags() == [0, MISSING, MISSING, MISSING, 0, 0]


@pytest.mark.parametrize("status", [Status.UNKNOWN, Status.WATCHING, Status.COMPLETED])
@pytest.mark.parametrize("entry", [FIRST, SECOND, FILM])
def test_any_main_entry_that_was_started_opens_its_series(entry, status):
    assert flags((entry, 0, status)) == [0] * 6


@pytest.mark.parametrize(
    "row", [(SPECIAL, 9, Status.COMPLETED), (FIRST, 0, Status.PLANNED), (OTHER_SERIES, 9, 2)]
)
def test_a_special_a_plan_or_another_series_opens_nothing(row):
    assert flags(row) == [0, MISSING, MISSING, MISSING, 0, 0]


def test_a_dropped_entry_sends_the_whole_franchise_away():
    assert flags((OTHER_SERIES, 3, Status.DROPPED)) == [
        DROPPED, DROPPED | MISSING, DROPPED | MISSING, DROPPED | MISSING, 0, DROPPED,
    ]  # fmt: skip


def test_dropping_a_title_that_stands_alone_says_nothing_of_others():
    assert flags((ALONE, 3, Status.DROPPED)) == [0, MISSING, MISSING, MISSING, 0, 0]


rows = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 10), st.sampled_from(list(Status))),
    max_size=6, unique_by=lambda row: row[0],
).map(sorted)  # fmt: skip


@given(st.lists(rows, min_size=1, max_size=4))
def test_a_block_gets_the_flags_that_the_plain_rules_give(users):
    columns = np.arange(6)

    found = RULES.flags(histories(dict(enumerate(users))), np.tile(columns, (len(users), 1)))

    for own, flagged in zip(users, found.tolist(), strict=True):
        started = [column for column, _, status in own if status != Status.PLANNED]
        dropped = {RULES.facts.franchise[c] for c, _, status in own if status == Status.DROPPED}
        known = started_series(started, RULES.facts)
        assert flagged == product_order.rules_of(columns.tolist(), known, dropped, RULES.facts)


def test_each_user_of_a_block_has_flags_of_their_own():
    block = histories({1: [(FIRST, 9, 2)], 2: [], 3: [(FIRST, 2, Status.DROPPED)]})

    found = RULES.flags(block, np.full((3, 1), SECOND))

    assert found.tolist() == [[0], [MISSING], [DROPPED]]


def test_orders_are_those_of_the_plain_function_and_end_where_a_list_ends():
    scores = np.float32([[8, 9, 3, 4, 1, 2], [1, -np.inf, 2, -np.inf, 3, -np.inf]])
    ranked = top_n(scores, np.arange(6), 6)
    block = histories({1: [(FIRST, 9, 2)], 2: []})
    marked = RULES.flags(block, ranked.columns)

    some, few = RULES.orders(ranked, marked)

    assert [ranked.columns[0, at] for at in some] == [FIRST, ALONE]
    assert [ranked.columns[1, at] for at in few] == [ALONE, FIRST]


def test_worth_is_measured_from_the_last_entry_of_each_list():
    nothing = -np.inf
    scores = np.float32([[1, 9, nothing, nothing, 1, nothing]])
    ranked = top_n(scores, np.arange(6), 6)

    (order,) = RULES.orders(ranked, np.zeros((1, 6), np.uint8))

    assert [ranked.columns[0, at] for at in order] == [SECOND, ALONE]


def test_nobody_left_to_show_is_an_order_of_nothing():
    ranked = top_n(np.full((1, 3), -np.inf, np.float32), np.arange(3), 3)

    assert RULES.orders(ranked, np.zeros((1, 3), np.uint8)) == [b""]
