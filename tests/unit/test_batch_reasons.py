import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from batch.reasons import two_largest

parts = arrays(
    np.float32, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.floats(-2, 2, width=16)
)


def test_shares_are_parts_of_the_positive_score():
    found = two_largest(np.float32([[3.0], [1.0], [4.0], [-5.0]]))

    assert found.titles.tolist() == [[2], [0]]
    assert found.shares.ravel().tolist() == [0.5, 0.375]


def test_each_entry_has_reasons_of_its_own():
    found = two_largest(np.float32([[3.0, 0.0], [1.0, 2.0]]))

    assert found.titles.tolist() == [[0, 1], [1, -1]]
    assert found.shares.tolist() == [[0.75, 1.0], [0.25, 0.0]]


def test_titles_that_speak_against_an_entry_are_no_reasons():
    found = two_largest(np.float32([[-1.0], [-2.0]]))

    assert (found.titles.tolist(), found.shares.tolist()) == ([[-1], [-1]], [[0.0], [0.0]])


def test_ties_go_to_the_title_that_comes_first():
    found = two_largest(np.float32([[0.0], [1.0], [1.0], [1.0]]))

    assert found.titles.tolist() == [[1], [2]]


def test_a_user_without_history_has_no_reasons():
    found = two_largest(np.empty((0, 3), np.float32))

    assert (found.titles.tolist(), found.shares.tolist()) == ([[-1] * 3] * 2, [[0.0] * 3] * 2)


@given(parts)
def test_shares_of_two_titles_never_exceed_the_whole(contributions):
    positive = np.maximum(contributions, 0)

    found = two_largest(contributions.copy())

    assert (found.shares >= 0).all()
    assert (found.shares.sum(axis=0) <= 1 + 1e-6).all()
    for entry in range(contributions.shape[1]):
        ordered = np.sort(positive[:, entry])[::-1]
        expected = np.append(ordered, 0)[:2] / max(ordered.sum(), 1e-30)
        assert found.shares[:, entry] == pytest.approx(expected, rel=1e-5)
