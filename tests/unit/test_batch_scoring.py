import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from batch.dataset import joined
from batch.models.blend import FEW
from batch.scoring import BLOCK, held_back, padded
from tests.datasets import histories
from tests.hybrids import busy, crowd, hybrid, model, traits, weights

RATED, UNRATED = 50, 8
NOBODY = -np.inf


def proven(many, width=None):
    """Scores many, ..., 2, 1 and then no candidates, of one user."""
    found = np.full((1, width or many), NOBODY, np.float32)
    found[0, :many] = np.arange(many, 0, -1)
    return found


def order(new, rated):
    """Best first, as letters: r for a rated title; ties go to the rated ones."""
    scores = np.concatenate((rated, held_back(new, rated)), axis=1)[0]
    best = np.argsort(-scores, kind="stable")
    return [int(one) for one in best if scores[one] > NOBODY]


def new_places(new, rated):
    """At which places new titles come, counted from 1, and which."""
    found = order(new, rated)
    return {
        place: title - rated.shape[1]
        for place, title in enumerate(found, start=1)
        if title >= rated.shape[1]
    }


def test_of_every_ten_places_the_last_may_go_to_a_new_title():
    eager = np.float32([[900, 1000, 800]])

    assert new_places(eager, proven(60)) == {10: 1, 20: 0, 30: 2}


def test_a_new_title_is_never_raised():
    assert new_places(np.float32([[10.5, 2.5]]), proven(60)) == {51: 0, 60: 1}


def test_new_titles_beyond_the_twentieth_come_after_everything_rated():
    eager = np.arange(1000, 970, -1, dtype=np.float32)[None]

    found = new_places(eager, proven(200))

    assert list(found) == [*range(10, 201, 10), *range(221, 231)]
    assert list(found.values()) == list(range(30))


def test_new_titles_without_nine_rated_ones_before_them_come_last_in_their_order():
    eager = np.float32([[7, 9, 8, 6]])

    assert new_places(eager, proven(5, width=40)) == {6: 1, 7: 2, 8: 0, 9: 3}
    assert new_places(eager, proven(5)) == {6: 1, 7: 2, 8: 0, 9: 3}


def test_a_user_without_rated_candidates_gets_new_titles_in_their_order():
    found = held_back(np.float32([[3, 5, -1, 4]]), proven(0, width=30))

    assert np.isfinite(found).all()
    assert np.argsort(-found[0]).tolist() == [1, 3, 0, 2]


def test_where_every_title_is_rated_nothing_is_held_back():
    assert held_back(np.zeros((2, 0), np.float32), np.ones((2, 3), np.float32)).shape == (2, 0)


def test_a_new_title_in_the_users_history_stays_out():
    found = held_back(np.float32([[NOBODY, 500, NOBODY]]), proven(30))

    assert found.tolist() == [[NOBODY, 22, NOBODY]]
    assert (held_back(np.full((1, 30), NOBODY, np.float32), proven(30)) == NOBODY).all()


def test_scores_handed_in_are_left_alone():
    new, rated = np.float32([[900.0] * 30]), proven(60)

    held_back(new, rated)

    assert new.tolist() == [[900.0] * 30]
    assert rated.tolist() == proven(60).tolist()


distinct = st.lists(st.integers(-400, 400), min_size=1, max_size=45, unique=True)


@given(distinct, distinct, st.data())
def test_few_new_titles_stand_among_rated_ones_and_all_in_their_order(new, rated, data):
    some = np.float32([new])
    old = np.float32([rated])
    gone = data.draw(st.integers(0, len(rated)))
    old[0, :gone] = NOBODY

    places = new_places(some, old)

    ranked = [new[title] for title in places.values()]
    assert ranked == sorted(new, reverse=True)
    among = [place for place in places if place <= len(rated) - gone + len(places)]
    for tens in range(10, 100, 10):
        if tens <= (len(rated) - gone) * 10 // 9:
            assert sum(place <= tens for place in among) <= tens // 10


@given(distinct, distinct)
def test_a_user_is_held_back_alone_as_among_others(new, rated):
    some, old = np.float32([new]), np.float32([rated])
    others = np.arange(some.size, dtype=np.float32)[None], np.arange(old.size, dtype=np.float32)

    together = held_back(np.vstack((others[0], some)), np.vstack((others[1], old)))

    assert together[1].tobytes() == held_back(some, old).tobytes()


def test_a_block_is_filled_up_with_empty_rows():
    found = padded(csr_array(np.float32([[1, 0], [0, 2]])))

    assert found.shape == (BLOCK, 2)
    assert found.toarray()[:2].tolist() == [[1, 0], [0, 2]]
    assert found.nnz == 2


def test_more_users_than_a_block_are_refused():
    with pytest.raises(ValueError, match=f"at most {BLOCK} users, got {BLOCK + 1}"):
        padded(csr_array((BLOCK + 1, 2), dtype=np.float32))


@given(st.permutations(range(10)), st.integers(1, 10))
def test_recommendations_are_the_same_in_any_company(places, many):
    made, some = model(busy(RATED, UNRATED)), crowd(10, RATED + UNRATED)
    everybody = made.recommend(some)
    chosen = list(places)[:many]

    found = made.recommend(joined([some.block(one, one + 1) for one in chosen]))

    assert found.tobytes() == everybody[chosen].tobytes()


@pytest.mark.parametrize("kind", ["score", "resembling"])
def test_scores_are_the_same_in_any_company(kind):
    made, some = model(busy(RATED, UNRATED)), crowd(10, RATED)
    score, likes = getattr(made, kind), made.strengths(some)

    everybody = score(likes)

    assert everybody.shape == (10, RATED + UNRATED)
    assert score(likes[[7, 2]]).tobytes() == everybody[[7, 2]].tobytes()


def test_nothing_of_a_users_history_is_recommended_whether_rated_planned_or_new():
    made = model(busy(RATED, UNRATED))
    some = histories({1: [(3, 9, 2), (4, 0, 6), (RATED + 1, 0, 6)]})

    found = made.recommend(some)

    assert (found[0, [3, 4, RATED + 1]] == NOBODY).all()
    assert np.isfinite(np.delete(found[0, RATED:], 1)).all()


def test_no_more_rated_titles_are_recommended_than_there_are_candidates():
    made = model(busy(RATED, UNRATED))

    found = made.recommend(crowd(5, RATED))

    assert ((found[:, :RATED] > NOBODY).sum(axis=1) == made.hybrid.candidates).all()


def test_catalogue_columns_are_taken_to_their_places_in_the_model():
    table = np.float32([[0, 5, 1], [0, 0, 0], [0, 0, 0]])
    columns = np.array([2, 0, 1], np.int32)
    made = model(hybrid(table, traits=traits(3)), columns=columns)

    found = made.recommend(histories({1: [(2, 10, 2)]}))

    # catalogue column 2 is the model's first title
    assert np.argsort(-found[0]).tolist() == [1, 2, 0]


def test_what_resembles_ignores_what_newcomers_are_served():
    newcomers = [1.0] * 3 + [0.0] * 4
    table, popular = np.float32([[0, 1, 0, 0]] * 4), np.float32([0, 0, 0, 1])
    made = model(
        hybrid(
            table, traits=traits(4, popularity=popular), blend=weights() | {"popularity": newcomers}
        )
    )
    likes = csr_array(np.float32([[1, 0, 0, 0]]))

    assert made.score(likes)[0, 3] == pytest.approx(made.score(likes)[0, 1], abs=1e-3)
    assert made.resembling(likes)[0] == pytest.approx([0, 1, 0, 0], abs=1e-3)
    assert likes.nnz <= FEW


def test_an_unrated_title_scores_by_what_it_looks_like_and_by_the_content_leg():
    silent = np.zeros((2, 2))
    content = np.float32([[0, 2, 9, 0], [0, 0, 0, 0]])
    spread = csr_array(np.float32([[0.0, 0.0], [0.0, 0.5]]))
    made = model(hybrid([[0, 4], [0, 0]], silent, content), spread=spread)

    found = made.score(csr_array(np.float32([[1, 0]])))

    # (9 - 1) / 1 and (0 - 1) / 1 deviations of 2 in the blend, each at 0.6;
    # half of 4 for the second
    assert found[0] == pytest.approx([0, 4, 0.6 * 8 * 2, 2 - 0.6 * 2], abs=1e-3)


def test_titles_that_nobody_has_rated_are_held_back_from_recommendations():
    table = np.float32([[*range(29, -1, -1), 900, 990]] * 30)
    made = model(hybrid(table[:, :30], np.zeros((30, 30)), table))

    found = made.recommend(histories({1: [(29, 10, 2)]}))

    assert np.flatnonzero(np.argsort(-found[0], kind="stable") >= 30).tolist() == [9, 19]
