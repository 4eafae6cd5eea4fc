import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import live
from schemas.errors import PayloadError
from schemas.ranking_codec import NO_COLUMN
from tests.builders import influence

SIZE = 6


def best(given, strengths, rows, *, size=SIZE, banned=(), limit=10):
    payloads = [None if row is None else influence(row) for row in rows]
    influences = live.weigh(given, strengths, payloads)
    fame = live.Fame.of([0] * size)
    found = live.best(live.add_up(influences, size), banned, limit, fame)
    return live.explain(influences, found, size)


def test_scores_are_sums_of_rows_times_strengths():
    found = best([0, 1], [1.0, 0.5], [{2: 0.5, 3: 0.25}, {2: 0.5, 4: 2.0}])

    assert found.columns == [4, 2, 3]
    assert found.scores == pytest.approx([1.0, 0.75, 0.25])


def test_a_disliked_title_pushes_its_relatives_away():
    found = best([0, 1], [1.0, -1.0], [{2: 0.5, 3: 0.25}, {2: 0.75}])

    assert found.columns == [3]


def test_only_positive_sums_are_returned():
    found = best([0], [1.0], [{2: -0.5, 3: 0.25, 4: 0.0}])

    assert found.columns == [3]


def test_ties_go_to_the_lower_column():
    found = best([0], [1.0], [{5: 0.5, 2: 0.5, 4: 0.5, 3: 0.5}], limit=2)

    assert found.columns == [2, 3]


def test_banned_columns_never_come_back():
    found = best([0], [1.0], [{2: 0.5, 3: 0.25}], banned=[2])

    assert found.columns == [3]


def test_a_title_without_a_row_changes_nothing():
    found = best([0, 1, 5], [1.0, 1.0, 1.0], [None, {2: 0.5}, {}])

    assert found.columns == [2]
    assert found.reasons == [(1, 255, NO_COLUMN, 0)]


def test_no_rows_at_all_give_nothing():
    assert best([], [], []).columns == []


def test_the_two_largest_contributors_are_named_with_their_shares():
    rows = [{5: 0.25}, {5: 0.5}, {5: 0.125}, {5: -1.0}]

    found = best([0, 1, 2, 3], [1.0, 1.0, 2.0, 0.0], rows)

    half, quarter = round(255 * 0.5), round(255 * 0.25)
    assert found.reasons == [(1, half, 0, quarter)]


def test_shares_are_of_the_positive_part_of_a_score():
    found = best([0, 1], [1.0, 1.0], [{5: 1.0}, {5: -0.5}])

    assert found.scores == pytest.approx([0.5])
    assert found.reasons == [(0, 255, NO_COLUMN, 0)]


def test_a_disliked_title_is_never_a_reason_though_it_may_raise_a_score():
    found = best([0, 1], [1.0, -1.0], [{5: 0.25}, {5: -0.5, 4: -1.0}])

    assert found.columns == [4, 5]
    assert found.reasons == [(NO_COLUMN, 0, NO_COLUMN, 0), (0, 255, NO_COLUMN, 0)]


def test_each_item_has_its_own_reasons():
    found = best([0, 1], [1.0, 1.0], [{2: 1.0}, {3: 0.5}])

    assert found.columns == [2, 3]
    assert found.reasons == [(0, 255, NO_COLUMN, 0), (1, 255, NO_COLUMN, 0)]


def test_a_coefficient_that_is_not_finite_is_refused():
    with pytest.raises(PayloadError, match="not finite"):
        best([0], [1.0], [{2: float("inf")}])


def test_a_damaged_row_is_refused():
    with pytest.raises(PayloadError):
        live.weigh([0], [1.0], [b"\x01\x00\x01"])


def famous(raters, row, weight, **asked):
    """Live columns and scores when one title was named, and how many rated each."""
    fame = live.Fame.of(raters)
    influences = live.weigh([0], [1.0], [influence(row)])
    sums = live.add_up(influences, len(raters))
    return live.best(live.with_fame(sums, influences, fame, weight), [0], 10, fame, **asked)


def test_fame_decides_where_rows_say_nothing():
    assert famous([0, 1, 16, 81, 1], {1: 0.001}, 10.0).columns == [3, 2]


def test_rows_decide_where_fame_has_no_weight():
    assert famous([0, 1, 16, 81, 1], {1: 0.5, 4: 0.25}, 0.0).columns == [1, 4]


def test_fame_counts_in_standard_deviations_of_the_sums():
    small = famous([0, 1, 16, 81, 1], {1: 0.25, 3: 0.125}, 1.0)
    large = famous([0, 1, 16, 81, 1], {1: 0.5, 3: 0.25}, 1.0)

    assert small.columns == large.columns
    assert [2 * score for score in small.scores] == pytest.approx(large.scores)


def test_titles_equally_known_differ_by_their_rows_only():
    assert famous([7] * 5, {1: 0.5, 4: 0.25}, 9.0).columns == [1, 4]


def test_what_is_not_allowed_is_not_returned():
    allowed = np.array([True, True, False, True, False])

    assert famous([0, 1, 16, 81, 1], {4: 0.5}, 1.0, allowed=allowed).columns == [3]


@given(
    st.lists(st.integers(0, 1000), min_size=1, max_size=40),
    st.lists(st.floats(-1, 1), min_size=40, max_size=40),
    st.integers(1, 20),
)
def test_where_it_looks_first_does_not_change_what_it_finds(raters, scores, limit):
    fame, size = live.Fame.of(raters), len(raters)
    mine = np.array(scores[:size])

    found = live.best(mine.copy(), [], limit, fame)

    expected = sorted((c for c in range(size) if mine[c] > 0), key=lambda c: (-mine[c], c))
    assert found.columns == expected[:limit]


coefficients = st.floats(-1, 1, width=16)
row = st.dictionaries(st.integers(0, SIZE - 1), coefficients, max_size=SIZE)


@given(st.lists(st.tuples(row, st.floats(-1, 1)), max_size=5), st.integers(1, 8))
def test_the_merge_agrees_with_adding_row_by_row(titles, limit):
    sums = np.zeros(SIZE)
    for coefficients_of, strength in titles:
        for column, value in coefficients_of.items():
            sums[column] += strength * value
    expected = sorted((c for c in range(SIZE) if sums[c] > 0), key=lambda c: (-sums[c], c))

    found = best(range(len(titles)), [s for _, s in titles], [r for r, _ in titles], limit=limit)

    assert found.columns == expected[:limit]
    assert found.scores == pytest.approx([sums[column] for column in expected[:limit]])
