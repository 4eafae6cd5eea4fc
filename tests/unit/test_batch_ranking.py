import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from batch.ranking import best_first, largest, top_n
from schemas.ranking_codec import TOP_LEVEL

few_values = st.sampled_from([-1.0, 0.0, 0.25, 0.5, 0.5000001, 1.0, -np.inf])
ties = arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=few_values)
spread_out = arrays(
    np.float32,
    array_shapes(min_dims=2, max_dims=2, max_side=12),
    elements=st.floats(-8, 8, width=32),
)


def slow_best(row, n):
    """Positions by descending score, then ascending position."""
    return sorted(range(len(row)), key=lambda at: (-row[at], at))[:n]


def slow_levels(row):
    """The stored level of each candidate of a list, by its position."""
    candidates = {at: value for at, value in enumerate(row) if value > -np.inf}
    low, high = min(candidates.values()), max(candidates.values())
    step = (high - low) / np.float32(TOP_LEVEL)
    if step < np.finfo(np.float32).tiny:
        return dict.fromkeys(candidates, TOP_LEVEL)
    return {at: round((value - low) / step) for at, value in candidates.items()}


def test_scores_too_close_to_be_told_apart_are_stored_as_equal():
    ranked = top_n(np.float32([[4.1e-39, 0.0]]), np.array([5, 3]), 2)

    assert ranked.columns.tolist() == [[3, 5]]
    assert ranked.levels.tolist() == [[TOP_LEVEL, TOP_LEVEL]]


@given(ties | spread_out, st.data())
def test_the_largest_are_those_a_full_sort_puts_first(scores, data):
    n = data.draw(st.integers(1, scores.shape[1]))

    found = largest(scores, n)

    assert [sorted(row) for row in found.tolist()] == [sorted(slow_best(r, n)) for r in scores]


@given(ties | spread_out, st.data())
def test_best_first_is_a_full_sort_cut_short(scores, data):
    n = data.draw(st.integers(1, scores.shape[1]))

    assert best_first(scores, n).tolist() == [slow_best(row, n) for row in scores]


@pytest.mark.parametrize("n", [0, 4])
def test_more_than_there_are_cannot_be_picked(n):
    with pytest.raises(ValueError, match=f"n must be from 1 to 3, got {n}"):
        largest(np.zeros((2, 3), np.float32), n)


@given(ties | spread_out)
def test_a_full_list_is_ordered_by_stored_level_then_by_column(scores):
    width = scores.shape[1]
    columns = np.arange(width)[::-1] * 3

    ranked = top_n(scores, columns, width)

    for user, row in enumerate(scores):
        if not (row > -np.inf).any():
            continue
        levels = slow_levels(row)
        expected = sorted(levels, key=lambda at: (-levels[at], columns[at]))
        count = ranked.counts[user]
        assert ranked.columns[user, :count].tolist() == [columns[at] for at in expected]
        assert ranked.levels[user, :count].tolist() == [levels[at] for at in expected]


@given(ties | spread_out, st.data())
def test_nothing_left_out_beats_what_was_kept(scores, data):
    n = data.draw(st.integers(1, scores.shape[1] + 3))

    ranked = top_n(scores, np.arange(scores.shape[1]), n)

    for user, row in enumerate(scores):
        count = ranked.counts[user]
        kept = ranked.columns[user, :count].tolist()
        assert count == min(n, (row > -np.inf).sum())
        assert sorted(kept) == sorted(slow_best(row, count))


@given(ties | spread_out)
def test_stored_scores_are_within_half_a_level(scores):
    ranked = top_n(scores, np.arange(scores.shape[1]), scores.shape[1])

    for user, count in enumerate(ranked.counts):
        stored = ranked.floors[user] + ranked.steps[user] * ranked.levels[user, :count]
        exact = scores[user, ranked.columns[user, :count]]
        np.testing.assert_allclose(stored, exact, atol=ranked.steps[user] * 0.51 + 2e-6)


def test_the_best_comes_first_and_ties_go_to_the_lower_column():
    ranked = top_n(np.float32([[0.5, 0.9, 0.5, 0.1]]), np.array([7, 3, 2, 1]), 3)

    assert ranked.columns.tolist() == [[3, 2, 7]]


def test_what_is_no_candidate_never_comes_back():
    ranked = top_n(np.float32([[0.5, -np.inf, 0.1]]), np.arange(3), 3)

    assert ranked.columns[0, : ranked.counts[0]].tolist() == [0, 2]


def test_a_user_with_nothing_left_has_an_empty_list():
    ranked = top_n(np.full((1, 3), -np.inf, np.float32), np.arange(3), 2)

    assert (ranked.counts.tolist(), ranked.floors.tolist()) == ([0], [0.0])


@given(spread_out)
def test_a_row_alone_is_ranked_as_it_is_among_others(scores):
    columns = np.arange(scores.shape[1])

    together = top_n(scores, columns, scores.shape[1])

    for user in range(len(scores)):
        alone = top_n(scores[user : user + 1], columns, scores.shape[1])
        assert (alone.columns == together.columns[user]).all()
        assert (alone.levels == together.levels[user]).all()
