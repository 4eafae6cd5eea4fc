from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.params import StrengthParams, ValidationParams
from batch.signals import few, held_out, lookup, measured, relevant, stopping, tastes, weighted
from schemas.records import Status
from schemas.strengths import strength
from tests.datasets import histories

TABLE = StrengthParams(unscored=0.3, dropped=-0.2, planned=0.0).table()
IDS = np.arange(0, 700, 7, dtype=np.int32)
"""Of the columns of all titles here."""
HALF = ValidationParams(user_share=0.5, row_share=0.4, max_users=10**9, relevant_rating=8)


def crowd(users=2000, each=10):
    return histories(
        {user: [(column, 8, Status.COMPLETED) for column in range(each)] for user in range(users)}
    )


def test_the_lookup_says_what_the_shared_table_says():
    found = lookup(TABLE)

    for status in Status:
        for rating in range(11):
            assert found[rating, status] == np.float32(strength(TABLE, rating, status))


def test_a_drop_or_a_plan_says_more_than_its_rating():
    found = lookup(TABLE)

    assert found[10, Status.COMPLETED] == 1.0
    assert found[0, Status.WATCHING] == np.float32(0.3)
    assert found[10, Status.DROPPED] == np.float32(-0.2)
    assert found[10, Status.PLANNED] == 0.0


def test_strengths_stand_at_the_positions_of_their_titles():
    some = histories({4: [(0, 10, 2), (2, 5, 2)], 9: [], 11: [(1, 0, 2), (2, 9, 6)]})

    found = weighted(some, lookup(TABLE), np.array([1, -1, 0], np.int32), 2)

    assert found.toarray().tolist() == [[0.25, 1.0], [0, 0], [0, 0]]
    assert found.nnz == 2


def test_the_shares_of_users_and_rows_are_those_asked_for():
    users, rows = held_out(crowd(), IDS, 2000, HALF)

    assert users.mean() == pytest.approx(0.5, abs=0.05)
    assert rows.mean() == pytest.approx(0.5 * 0.4, abs=0.03)


def test_only_chosen_users_lose_rows():
    some = crowd(200)

    users, rows = held_out(some, IDS, 200, HALF)

    assert not rows[~users[some.rows]].any()


def test_no_more_users_are_chosen_than_allowed():
    users, _ = held_out(crowd(), IDS, 2000, ValidationParams(user_share=0.5, max_users=100))

    assert users.sum() == pytest.approx(100, abs=40)


def test_what_is_held_out_does_not_depend_on_other_users():
    some = crowd(100)

    users, rows = held_out(some, IDS, 100, HALF)

    for user in range(100):
        alone = held_out(some.block(user, user + 1), IDS, 100, HALF)
        assert alone[0].tolist() == [users[user]]
        assert alone[1].tolist() == rows[10 * user : 10 * user + 10].tolist()


def test_the_largest_user_ids_are_chosen_as_others_are():
    some = histories({2**63 - 1 - user: [(0, 8, 2)] for user in range(400)})

    users, _ = held_out(some, IDS, 400, HALF)

    assert users.mean() == pytest.approx(0.5, abs=0.1)


def test_a_hit_is_rated_high_enough_and_not_dropped():
    some = histories({1: [(0, 8, 2), (1, 7, 2), (2, 10, 4), (3, 0, 2)]})

    assert relevant(some, HALF).tolist() == [True, False, False, False]


def test_liking_is_a_rating_less_the_users_mean_over_all_titles():
    some = histories({4: [(0, 10, 2), (1, 5, 2), (2, 9, 2), (3, 0, 2)]})

    found = tastes(some, lookup(TABLE), np.array([1, -1, 0, 2], np.int32), 3)

    assert found.ratings.tolist() == [8.0]
    assert found.liking.toarray().tolist() == [[1.0, 2.0, 0.0]]
    assert (found.strengths != weighted(some, lookup(TABLE), np.array([1, -1, 0, 2]), 3)).nnz == 0


def test_a_user_who_rates_nothing_likes_nothing_better():
    found = tastes(histories({4: [(0, 0, 2)], 5: []}), lookup(TABLE), np.array([0], np.int32), 1)

    assert found.ratings.tolist() == [0.0, 0.0]
    assert found.liking.nnz == 0


def test_a_title_rated_at_the_mean_is_still_rated():
    some = histories({4: [(0, 8, 2)], 5: [(0, 3, 4)]})

    found = tastes(some, lookup(TABLE), np.array([0], np.int32), 1)

    assert found.liking.nnz == 2
    assert not found.liking.toarray().any()


def test_the_share_of_users_that_only_measure_is_the_one_asked_for():
    params = ValidationParams(measured_share=0.3)

    assert measured(np.arange(4000), params).mean() == pytest.approx(0.3, abs=0.03)


def test_who_measures_has_nothing_to_do_with_who_is_chosen():
    some = crowd(4000, each=1)
    chosen, _ = held_out(some, IDS, 4000, HALF)

    among_chosen = measured(some.user_ids[chosen], HALF)

    assert among_chosen.mean() == pytest.approx(HALF.measured_share, abs=0.03)


def test_who_measures_does_not_depend_on_others():
    everybody = measured(np.arange(100), HALF)

    assert [bool(measured(np.array([user]), HALF)[0]) for user in range(100)] == everybody.tolist()


def sizes(some, mask):
    return np.bincount(some.rows[mask], minlength=len(some))


def test_a_few_titles_are_one_up_to_the_most_and_every_number_occurs():
    some = crowd(3000, each=20)

    found = sizes(some, few(some, IDS, 6))

    assert set(found.tolist()) == {1, 2, 3, 4, 5, 6}
    assert np.bincount(found)[1] > np.bincount(found)[6] > 100


def test_short_histories_are_kept_up_to_their_end():
    some = histories({user: [(3, 8, 2), (9, 8, 2)] for user in range(200)} | {200: []})

    found = sizes(some, few(some, IDS, 10))

    assert set(found[:200].tolist()) == {1, 2}
    assert found[200] == 0


def test_the_few_are_no_special_titles():
    some = crowd(4000, each=20)

    chosen = np.bincount(some.columns[few(some, IDS, 6)], minlength=20)

    assert chosen / chosen.sum() == pytest.approx([1 / 20] * 20, abs=0.01)


@given(st.lists(st.integers(0, 2**62), min_size=1, max_size=8, unique=True), st.integers(1, 12))
def test_the_few_do_not_depend_on_shard_or_crowd(ids, most):
    some = histories({user: [(column, 8, 2) for column in range(9)] for user in ids})
    together = few(some, IDS, most)

    alone = [few(some.block(row, row + 1), IDS, most) for row in range(len(some))]

    assert together.tolist() == np.concatenate(alone).tolist()
    assert 1 <= sizes(some, together).min() <= sizes(some, together).max() <= most


def test_the_few_are_chosen_by_title_not_by_place():
    whole = histories({5: [(column, 8, 2) for column in range(40)]})
    kept = whole.columns[few(whole, IDS, 10)]
    without = whole.where(np.isin(whole.columns, kept) | (whole.columns % 2 == 0))

    assert without.columns[few(without, IDS, 10)].tolist() == kept.tolist()


def test_what_is_held_out_stays_when_titles_are_added():
    some = crowd(200)
    moved = replace(some, columns=some.columns + 1)

    before, after = held_out(some, IDS, 200, HALF), held_out(moved, np.append(0, IDS), 200, HALF)

    assert before[1].tolist() == after[1].tolist()
    assert before[1].tolist() != held_out(moved, IDS, 200, HALF)[1].tolist()
    assert few(some, IDS, 5).tolist() == few(moved, np.append(0, IDS), 5).tolist()


def test_who_stops_training_does_not_measure():
    ids = np.arange(4000)

    found = stopping(ids, HALF)

    assert not (found & measured(ids, HALF)).any()
    assert found.mean() == pytest.approx(0.2 * 0.8, abs=0.03)
