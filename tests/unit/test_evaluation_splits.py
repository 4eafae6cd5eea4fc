import numpy as np
import pytest

from batch.evaluation.splits import cold_anime, cold_users, hold_out, newcomers
from tests.datasets import histories

TITLES = 60


@pytest.fixture(scope="module")
def everybody():
    random = np.random.default_rng(2)
    lengths = {user: 30 if user % 4 else 3 for user in range(200)}
    chosen = {user: random.choice(TITLES, n, replace=False) for user, n in lengths.items()}
    return histories(
        {user: [(column, 8, 2) for column in sorted(of)] for user, of in chosen.items()}
    )


def cells(some):
    return set(zip(some.user_ids[some.rows].tolist(), some.columns.tolist(), strict=True))


def test_hold_out_hides_a_fifth_of_lists_of_five_or_more(everybody):
    split = hold_out(everybody, seed=1)

    assert set(np.diff(split.hidden.starts).tolist()) == {0, 6}
    assert cells(split.training) | cells(split.hidden) == cells(everybody)
    assert not cells(split.training) & cells(split.hidden)


def test_newcomers_are_strangers_to_training(everybody):
    split = newcomers(everybody, seed=1)

    assert not set(split.training.user_ids) & set(split.given.user_ids)
    assert 0 < len(split.given) < 40


def test_cold_users_give_a_few_random_titles_but_own_the_rest(everybody):
    all_given = newcomers(everybody, seed=1)

    split = cold_users(all_given, titles=5, seed=1)

    assert set(np.diff(split.given.starts).tolist()) == {3, 5}
    assert cells(split.given) < cells(all_given.given)
    assert cells(split.owned) == cells(all_given.given)
    assert cells(split.hidden) == cells(all_given.hidden)
    assert len({column for _, column in cells(split.given)}) > 20


def test_withheld_titles_are_ranked_where_that_is_asked_for(everybody):
    split = cold_users(newcomers(everybody, seed=1), titles=5, seed=1, withheld_ranked=True)

    assert cells(split.owned) == cells(split.given)


def test_cold_titles_have_no_row_left_to_learn_from(everybody):
    split = cold_anime(everybody, TITLES, seed=1)

    assert len(split.cold) == 3  # one in twenty of sixty
    assert not set(split.cold.tolist()) & set(split.training.columns.tolist())
    assert set(split.hidden.columns.tolist()) == set(split.cold.tolist())
    assert cells(split.training) | cells(split.hidden) == cells(everybody)


def test_titles_with_fewer_than_twenty_ratings_are_never_made_cold():
    def row(user, column):  # half of the titles lack the last user's rating
        return (column, 8 if user < 19 or column < 20 else 0, 2)

    users = {user: [row(user, column) for column in range(40)] for user in range(20)}

    chosen = [cold_anime(histories(users), 40, seed).cold.tolist() for seed in range(20)]

    assert all(len(columns) == 1 and columns[0] < 20 for columns in chosen)


def test_a_seed_fixes_a_split_and_another_one_changes_it(everybody):
    assert cells(cold_anime(everybody, TITLES, 1).hidden) == cells(
        cold_anime(everybody, TITLES, 1).hidden
    )
    assert cells(hold_out(everybody, 1).hidden) != cells(hold_out(everybody, 2).hidden)
