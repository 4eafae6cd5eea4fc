import numpy as np
import pytest

from batch.params import StrengthParams, ValidationParams
from batch.signals import held_out, lookup, relevant, weighted
from schemas.records import Status
from schemas.strengths import strength
from tests.datasets import histories

TABLE = StrengthParams(unscored=0.3, dropped=-0.2, planned=0.0).table()
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
    users, rows = held_out(crowd(), 2000, HALF)

    assert users.mean() == pytest.approx(0.5, abs=0.05)
    assert rows.mean() == pytest.approx(0.5 * 0.4, abs=0.03)


def test_only_chosen_users_lose_rows():
    some = crowd(200)

    users, rows = held_out(some, 200, HALF)

    assert not rows[~users[some.rows]].any()


def test_no_more_users_are_chosen_than_allowed():
    users, _ = held_out(crowd(), 2000, ValidationParams(user_share=0.5, max_users=100))

    assert users.sum() == pytest.approx(100, abs=40)


def test_what_is_held_out_does_not_depend_on_other_users():
    some = crowd(100)

    users, rows = held_out(some, 100, HALF)

    for user in range(100):
        alone = held_out(some.block(user, user + 1), 100, HALF)
        assert alone[0].tolist() == [users[user]]
        assert alone[1].tolist() == rows[10 * user : 10 * user + 10].tolist()


def test_the_largest_user_ids_are_chosen_as_others_are():
    some = histories({2**63 - 1 - user: [(0, 8, 2)] for user in range(400)})

    users, _ = held_out(some, 400, HALF)

    assert users.mean() == pytest.approx(0.5, abs=0.1)


def test_a_hit_is_rated_high_enough_and_not_dropped():
    some = histories({1: [(0, 8, 2), (1, 7, 2), (2, 10, 4), (3, 0, 2)]})

    assert relevant(some, HALF).tolist() == [True, False, False, False]
