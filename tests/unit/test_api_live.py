from array import array

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api import live
from schemas import influence_codec
from schemas.errors import PayloadError
from schemas.ranking_codec import NO_COLUMN
from tests import compiled
from tests.builders import influence

SIZE = 6
NOBODY = live.Fame.of([0] * SIZE)


def bans(columns, size=SIZE):
    return bytes(one in columns for one in range(size))


@pytest.fixture(params=["numpy", "compiled"], autouse=True, scope="module")
def influences(request):
    """Each test is made of both ways to do it."""
    if request.param == "numpy":
        return live.Influences
    return compiled.require("api._live").Influences


def everything(lines):
    """The same as lists, as whoever chooses some of them gets them."""
    return lines.pick(range(len(lines.columns)))


@pytest.fixture(scope="module")
def best(influences):
    def merge(given, strengths, rows, *, banned=(), limit=10):
        payloads = [None if row is None else influence(row) for row in rows]
        found = influences(list(given), list(strengths), payloads, SIZE)
        return found.explain(everything(found.best(NOBODY, 0.0, bans(banned), limit)))

    return merge


def test_scores_are_sums_of_rows_times_strengths(best):
    found = best([0, 1], [1.0, 0.5], [{2: 0.5, 3: 0.25}, {2: 0.5, 4: 2.0}])

    assert found.columns == [4, 2, 3]
    assert found.scores == pytest.approx([1.0, 0.75, 0.25])


def test_a_disliked_title_pushes_its_relatives_away(best):
    found = best([0, 1], [1.0, -1.0], [{2: 0.5, 3: 0.25}, {2: 0.75}])

    assert found.columns == [3]


def test_only_positive_sums_are_returned(best):
    found = best([0], [1.0], [{2: -0.5, 3: 0.25, 4: 0.0}])

    assert found.columns == [3]


def test_ties_go_to_the_lower_column(best):
    found = best([0], [1.0], [{5: 0.5, 2: 0.5, 4: 0.5, 3: 0.5}], limit=2)

    assert found.columns == [2, 3]


def test_banned_columns_never_come_back(best):
    found = best([0], [1.0], [{2: 0.5, 3: 0.25}], banned=[2])

    assert found.columns == [3]


def test_a_title_without_a_row_changes_nothing(best):
    found = best([0, 1, 5], [1.0, 1.0, 1.0], [None, {2: 0.5}, {}])

    assert found.columns == [2]
    assert found.reasons == [(1, 255, NO_COLUMN, 0)]


def test_no_rows_at_all_give_nothing(best):
    assert best([], [], []).columns == []


def test_the_two_largest_contributors_are_named_with_their_shares(best):
    rows = [{5: 0.25}, {5: 0.5}, {5: 0.125}, {5: -1.0}]

    found = best([0, 1, 2, 3], [1.0, 1.0, 2.0, 0.0], rows)

    half, quarter = round(255 * 0.5), round(255 * 0.25)
    assert found.reasons == [(1, half, 0, quarter)]


def test_shares_are_of_the_positive_part_of_a_score(best):
    found = best([0, 1], [1.0, 1.0], [{5: 1.0}, {5: -0.5}])

    assert found.scores == pytest.approx([0.5])
    assert found.reasons == [(0, 255, NO_COLUMN, 0)]


def test_a_disliked_title_is_never_a_reason_though_it_may_raise_a_score(best):
    found = best([0, 1], [1.0, -1.0], [{5: 0.25}, {5: -0.5, 4: -1.0}])

    assert found.columns == [4, 5]
    assert found.reasons == [(NO_COLUMN, 0, NO_COLUMN, 0), (0, 255, NO_COLUMN, 0)]


def test_each_item_has_its_own_reasons(best):
    found = best([0, 1], [1.0, 1.0], [{2: 1.0}, {3: 0.5}])

    assert found.columns == [2, 3]
    assert found.reasons == [(0, 255, NO_COLUMN, 0), (1, 255, NO_COLUMN, 0)]


def test_a_coefficient_that_is_not_finite_is_refused(best):
    with pytest.raises(PayloadError, match="not finite"):
        best([0], [1.0], [{2: float("inf")}])


@pytest.mark.parametrize("row", [b"", b"\x01\x00\x01", b"\x02\x00" + b"\x00" * 4])
def test_a_damaged_row_is_refused(influences, row):
    with pytest.raises(PayloadError):
        influences([0], [1.0], [row], SIZE)


def test_a_row_that_names_a_title_beyond_the_last_is_refused(best):
    with pytest.raises(PayloadError, match=f"names title {SIZE} of {SIZE}"):
        best([0], [1.0], [{SIZE: 0.5}])


@pytest.fixture(scope="module")
def famous(influences):
    """Live columns and scores when one title was named, and how many rated each."""

    def ranked(raters, row, weight, **asked):
        found = influences([0], [1.0], [influence(row)], len(raters))
        return everything(
            found.best(live.Fame.of(raters), weight, bans([0], len(raters)), 10, **asked)
        )

    return ranked


def test_fame_decides_where_rows_say_nothing(famous):
    assert famous([0, 1, 16, 81, 1], {1: 0.001}, 10.0).columns == [3, 2]


def test_rows_decide_where_fame_has_no_weight(famous):
    assert famous([0, 1, 16, 81, 1], {1: 0.5, 4: 0.25}, 0.0).columns == [1, 4]


def test_fame_counts_in_standard_deviations_of_the_sums(famous):
    small = famous([0, 1, 16, 81, 1], {1: 0.25, 3: 0.125}, 1.0)
    large = famous([0, 1, 16, 81, 1], {1: 0.5, 3: 0.25}, 1.0)

    assert small.columns == large.columns
    assert [2 * score for score in small.scores] == pytest.approx(large.scores)


def test_titles_equally_known_differ_by_their_rows_only(famous):
    assert famous([7] * 5, {1: 0.5, 4: 0.25}, 9.0).columns == [1, 4]


def test_what_is_not_allowed_is_not_returned(famous):
    allowed = np.array([True, True, False, True, False])

    assert famous([0, 1, 16, 81, 1], {4: 0.5}, 1.0, allowed=allowed).columns == [3]


coefficients = st.floats(-1, 1, width=16)
row = st.dictionaries(st.integers(0, SIZE - 1), coefficients, max_size=SIZE)


@given(st.lists(st.tuples(row, st.floats(-1, 1)), max_size=5), st.integers(1, 8))
@example([({2: 1.0}, 5e-324)], 1)
def test_the_merge_agrees_with_adding_row_by_row(best, titles, limit):
    sums = np.zeros(SIZE)
    for coefficients_of, strength in titles:
        for column, value in coefficients_of.items():
            sums[column] += strength * value
    expected = sorted((c for c in range(SIZE) if sums[c] > 0), key=lambda c: (-sums[c], c))

    found = best(range(len(titles)), [s for _, s in titles], [r for r, _ in titles], limit=limit)

    assert found.columns == expected[:limit]
    assert found.scores == pytest.approx([sums[column] for column in expected[:limit]])


MANY = 700
"""Titles of a catalogue of which numpy looks at the best known first."""


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 12),
    st.sampled_from([0.0, 0.3, 5.0]),
    st.booleans(),
    st.integers(1, 300),
)
def test_all_that_is_said_and_known_of_each_title_decides(
    influences, seed, titles, weight, filtered, limit
):
    chance = np.random.default_rng(seed)
    raters = chance.integers(0, 5_000, MANY) * chance.integers(0, 2, MANY)
    columns = [np.sort(chance.choice(MANY, 60, replace=False)) for _ in range(titles)]
    values = [chance.normal(0, 1, 60).astype(np.float16) for _ in range(titles)]
    rows = [
        influence_codec.encode(c.tolist(), v.tolist()) for c, v in zip(columns, values, strict=True)
    ]
    strengths = chance.normal(0, 1, titles).tolist()
    allowed = chance.random(MANY) < 0.5 if filtered else None
    given = list(range(titles))
    fame = live.Fame.of(raters.tolist())

    merged = influences(given, strengths, rows, MANY)
    found = merged.explain(everything(merged.best(fame, weight, bans(given, MANY), limit, allowed)))

    said = np.zeros((titles, MANY))
    for title in given:
        said[title, columns[title]] = strengths[title] * values[title].astype(float)
    sums = said.sum(axis=0)
    spread = sums.sum() / fame.rated if fame.rated else 0.0
    spread = np.sqrt((sums**2).sum() / fame.rated - spread**2) if fame.rated else 0.0
    scores = sums + weight * spread * fame.values
    scores[given] = 0
    scores = np.where(allowed, scores, 0) if filtered else scores
    expected = [c for c in np.argsort(-scores, kind="stable").tolist() if scores[c] > 1e-9]
    assert found.columns[: len(expected)] == expected[:limit]
    assert found.scores[: len(expected)] == pytest.approx(scores[expected[:limit]].tolist())
    for column, (first, _, second, _) in zip(found.columns, found.reasons, strict=True):
        liked = [t for t in given if strengths[t] > 0 and said[t, column] > 0]
        speaking = sorted(liked, key=lambda title: (-said[title, column], title))
        assert [one for one in (first, second) if one != NO_COLUMN] == speaking[:2]


WORTH = np.full(256, np.nan)
WORTH[:6] = 1.0, 0.6, -1.1, -0.2, 0.5, 0.0


def test_those_speak_that_count_most_and_what_is_looked_for_counts_double(influences):
    allowed = np.array([False, True, False, True, False, False])
    columns, marks = array("H", range(6)), bytes([0, 1, 2, 3, 4, 4])

    found = influences.loudest(columns, marks, WORTH, allowed, 5)

    assert found == ([1, 2, 0, 4, 5], [0.6, -1.1, 1.0, 0.5, 0.5])
    assert influences.loudest(columns[:2], marks[1::-1], WORTH, allowed, 9) == ([1, 0], [1.0, 0.6])
    assert influences.loudest(columns[:2], marks[1::-1], WORTH, None, 1) == ([1], [1.0])


def test_what_counts_nothing_says_nothing(influences):
    columns, marks = array("H", [3, 9, 2]), bytes([5, 4, 5])

    assert influences.loudest(columns, marks, WORTH, None, 3) == ([9], [0.5])
    assert influences.loudest(columns[:0], b"", WORTH, None, 3) == ([], [])


def test_a_mark_without_meaning_is_refused(influences):
    with pytest.raises(PayloadError, match="no title has the mark 15"):
        influences.loudest(array("H", [3, 2]), bytes([0, 15]), WORTH, None, 3)


def test_titles_and_marks_that_do_not_belong_together_are_refused(influences):
    with pytest.raises(ValueError, match="one mark"):
        influences.loudest(array("H", [0, 1]), b"\0", WORTH, None, 3)
    with pytest.raises(IndexError):
        influences.loudest(array("H", [SIZE]), b"\0", WORTH, np.ones(SIZE, bool), 3)


def test_compiled_numbers_of_another_kind_are_refused():
    fast = compiled.require("api._live").Influences

    with pytest.raises(ValueError, match="type H"):
        fast.loudest(array("i", [0]), b"\0", WORTH, None, 3)
    for banned, allowed in ((bytes(SIZE - 1), None), (bytes(SIZE), np.ones(SIZE + 1, bool))):
        with pytest.raises(ValueError, match=f"not of {SIZE} titles"):
            fast([], [], [], SIZE).best(NOBODY, 0.0, banned, 1, allowed)


@given(
    st.lists(st.tuples(st.integers(0, 99), st.integers(0, 5))),
    st.none() | st.integers(0, 2**32 - 1),
    st.integers(0, 30),
)
def test_compiled_the_same_titles_speak(titles, seed, most):
    allowed = None if seed is None else np.random.default_rng(seed).random(100) < 0.5
    columns, marks = array("H", [one for one, _ in titles]), bytes(mark for _, mark in titles)
    asked = columns, marks, WORTH, allowed, most

    found = compiled.require("api._live").Influences.loudest(*asked)

    assert found == live.Influences.loudest(*asked)


@pytest.mark.parametrize("row", [b"", b"\x01", b"\x01\x00\x00", b"\x02\x00" + bytes(4)])
def test_what_is_no_row_is_refused(influences, row):
    with pytest.raises(PayloadError):
        influences([0], [1.0], [row], SIZE)
