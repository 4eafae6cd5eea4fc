import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from batch.candidates import FACETS, describe, facets_of
from batch.features import Features
from batch.signals import Tastes
from tests.datasets import histories
from tests.hybrids import NUMBERS, busy, crowd, shares, tastes_of, traits

RATED = 4
RATING, YEAR, AGE, LENGTH, MEAN = range(5)
SEEN, LIKED = 5, 6
"""Of the first facet; two numbers for each other one follow."""


def described(users, known, kept=None):
    """Without the legs' scores in front."""
    found = tastes_of(histories(users), RATED)
    every = np.tile(np.arange(RATED), (len(users), 1)) if kept is None else np.array(kept)
    return describe(known, found, [], every)


def genres(*rows):
    """The features of the second facet."""
    nothing = csr_array((RATED, 1), dtype=np.float32)
    return traits(RATED, facets=(nothing, shares(rows), *(nothing,) * (len(FACETS) - 2)))


def test_facts_of_a_candidate_stand_in_its_row():
    known = traits(
        RATED,
        rating=np.float32([6, 7, 8, 9]),
        year=np.float32([1990, 2000, 2010, 2020]),
    )

    found = described({1: [(0, 10, 2), (1, 10, 2)]}, known, kept=[[3, 2]])

    assert found[0, :, RATING].tolist() == [9, 8]
    assert found[0, :, YEAR].tolist() == [2, 1]
    assert found[0, :, AGE] == pytest.approx([2.5, 1.5])
    assert found[0, :, LENGTH] == pytest.approx([np.log(3)] * 2)
    assert found[0, :, MEAN].tolist() == [10, 10]


def test_the_years_of_what_is_liked_more_count_more():
    known = traits(RATED, year=np.float32([2000, 2010, 2010, 2010]))

    found = described({1: [(0, 10, 2), (1, 5, 2)]}, known)

    # strengths 1 and 0.25: the user's year is 2002
    assert found[0, 0, AGE] == pytest.approx(-0.2, abs=1e-4)


def test_of_a_user_without_titles_or_ratings_the_means_of_all_titles_stand_in():
    known = traits(RATED, year=np.float32([1990, 1990, 2010, 2010]), rating=np.arange(4.0))

    found = described({1: []}, known)

    assert found[0, :, AGE].tolist() == [-1, -1, 1, 1]
    assert found[0, :, MEAN].tolist() == [1.5] * 4
    assert found[0, :, LENGTH].tolist() == [0] * 4


def test_a_candidate_whose_features_were_watched_is_told_from_others():
    found = described({1: [(0, 8, 2), (1, 8, 2)]}, genres([1, 0], [1, 0], [1, 0], [0, 1]))

    # two titles of the second facet's first feature: log(1 + 2) less log(1 + 2); none of the other
    assert found[0, 2, SEEN + 2] == pytest.approx(0)
    assert found[0, 3, SEEN + 2] == pytest.approx(-np.log(3))


def test_a_candidate_with_features_that_are_rated_above_the_users_mean_is_liked():
    found = described({1: [(0, 10, 2), (1, 6, 2)]}, genres([1, 0], [0, 1], [1, 0], [0, 1]))

    # two above the mean of 8 in one title, beside the five that every feature starts with
    assert found[0, :, LIKED + 2] == pytest.approx([2 / 6, -2 / 6, 2 / 6, -2 / 6])


def test_a_candidate_shares_out_its_liking_among_its_features():
    found = described({1: [(0, 10, 2), (1, 6, 2)]}, genres([1, 0], [0, 1], [1, 1], [0, 0]))

    assert found[0, 2:, LIKED + 2] == pytest.approx([0, 0])


def test_the_legs_scores_come_first():
    found = tastes_of(histories({1: [(0, 8, 2)]}), RATED)
    leg, kept = np.float32([[4, 5]]), np.array([[1, 2]])

    assert describe(traits(RATED), found, [leg, 2 * leg], kept)[0, :, :2].tolist() == [
        [4, 8],
        [5, 10],
    ]


def test_titles_without_any_features_are_described_too():
    found = described({1: [(0, 8, 2)]}, traits(RATED))

    assert np.isfinite(found).all()
    assert found.shape == (1, RATED, NUMBERS - 4)


@given(st.permutations(range(12)), st.integers(1, 12))
def test_a_user_is_described_the_same_in_any_company(order, many):
    known, kept = busy(90).traits, np.tile(np.arange(0, 90, 3), (12, 1))
    some = tastes_of(crowd(12, 90), 90)
    chosen = list(order)[:many]
    few = Tastes(some.strengths[chosen], some.liking[chosen], some.ratings[chosen])

    found = describe(known, few, [], kept[chosen])

    assert found.tobytes() == describe(known, some, [], kept)[chosen].tobytes()


def test_facets_sort_features_by_their_families():
    names = [("genres", "A"), ("source", "M"), ("studios", "S"), ("tags", "T"), ("title", "naruto")]

    found = facets_of(Features(names, csr_array(np.ones((5, 2), np.float32))), 0.5)

    assert [one.shape for one in found] == [(2, 1), (2, 2), (2, 1), (2, 1), (2, 0)]


def test_a_titles_features_of_a_facet_sum_to_one_the_rarer_counting_more():
    names = [("genres", "A"), ("genres", "B")]
    matrix = csr_array(np.float32([[1, 1, 1, 1], [1, 0, 0, 0]]))

    _, found, *_ = facets_of(Features(names, matrix), 0.5)

    assert found.toarray().sum(axis=1) == pytest.approx([1, 1, 1, 1])
    assert found[0, 1] > found[0, 0] > 0


def test_a_title_without_features_of_a_facet_has_an_empty_row():
    names = [("genres", "A"), ("genres", "B")]
    matrix = csr_array(np.float32([[1, 1, 0], [1, 1, 0]]))

    _, found, *_ = facets_of(Features(names, matrix), 0.5)

    assert found.toarray()[2].tolist() == [0, 0]


def test_indicators_say_which_title_has_which_feature():
    known = genres([1, 1], [0, 1], [0, 0], [1, 0])

    found = known.indicators[1]

    assert found.toarray().tolist() == [[1, 1], [0, 1], [0, 0], [1, 0]]
