import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.newcomers import fame_weight

TABLE = {"1": 8.0, "10": 2.0, "100": 0.0}


@pytest.mark.parametrize(
    ("titles", "weight"), [(1, 8.0), (10, 2.0), (100, 0.0), (5000, 0.0), (0, 8.0)]
)
def test_a_number_in_the_table_has_its_weight_and_beyond_its_ends_nothing_changes(titles, weight):
    assert fame_weight(TABLE, titles) == weight


def test_between_two_numbers_weights_follow_the_logarithm():
    assert fame_weight({"1": 8.0, "100": 2.0}, 10) == pytest.approx(5.0)


def test_an_empty_table_gives_no_weight():
    assert fame_weight({}, 3) == 0.0


def test_the_order_of_the_table_does_not_matter():
    assert fame_weight(dict(reversed(TABLE.items())), 4) == fame_weight(TABLE, 4)


@given(st.integers(1, 200))
def test_weights_that_fall_in_the_table_never_rise(titles):
    assert fame_weight(TABLE, titles) >= fame_weight(TABLE, titles + 1)
