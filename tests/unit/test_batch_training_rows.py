from dataclasses import replace

import numpy as np
import pytest

from batch.dataset import joined
from batch.models.blend import FEW
from batch.params import ValidationParams
from batch.signals import held_out, measured, stopping
from batch.training_rows import RowSource
from schemas.records import Status
from tests.datasets import InMemoryDataset, histories, told
from tests.hybrids import TABLE

ANIME, RATED, USERS = 30, 24, 80
PARAMS = ValidationParams(user_share=0.8, row_share=0.3, max_users=10**9, measured_share=0.3)
POSITIONS = np.where(np.arange(ANIME) < RATED, RATED - 1 - np.arange(ANIME), -1).astype(np.int32)
"""Rated titles stand the other way round."""


def everybody():
    random = np.random.default_rng(7)
    return histories(
        {
            user: [
                (int(column), int(random.integers(5, 11)), Status.COMPLETED)
                for column in np.sort(random.choice(ANIME, 20, replace=False))
            ]
            for user in range(1, USERS + 1)
        }
    )


def source(*shards, params=PARAMS, hiding=True):
    dataset = InMemoryDataset(ANIME, *(shards or [everybody()]))
    return RowSource(dataset, TABLE, POSITIONS, RATED, params, hiding)


def cells(rows):
    users, positions = rows.nonzero()
    return set(zip(users.tolist(), positions.tolist(), strict=True))


def wishes(some):
    """(user, position) of what is to be found."""
    return {(int(some.given.user_ids[row]), where) for row, where in cells(some.wanted)}


def known(some, of="given"):
    return {
        (user, int(POSITIONS[row[0]])) for user, rows in told(getattr(some, of)) for row in rows
    }


def test_what_is_hidden_is_missing_from_training_and_there_for_good():
    _, hidden = held_out(everybody(), InMemoryDataset(ANIME, everybody()).anime_ids, USERS, PARAMS)
    practice, for_good = source().training("0"), source(hiding=False).training("0")

    lost = cells(for_good) - cells(practice)

    rows, columns = everybody().rows[hidden], everybody().columns[hidden]
    wanted = {(int(r), int(POSITIONS[c])) for r, c in zip(rows, columns, strict=True) if c < RATED}
    assert lost == wanted
    assert cells(practice) < cells(for_good)
    assert practice.shape == (USERS, RATED)


def test_wanted_are_hidden_titles_that_their_user_likes():
    learned, checked = source().exercises()
    _, hidden = held_out(everybody(), InMemoryDataset(ANIME, everybody()).anime_ids, USERS, PARAMS)
    liked = everybody().where(hidden & (everybody().ratings >= PARAMS.relevant_rating))

    found = wishes(learned) | wishes(checked)

    assert found == {
        (user, int(POSITIONS[column]))
        for user, rows in told(liked)
        for column, _, _ in rows
        if column < RATED
    }


def test_nothing_wanted_is_given_or_owned():
    for some in source().exercises():
        assert not wishes(some) & known(some)
        assert not wishes(some) & known(some, "owned")


def test_everybody_has_something_to_find_and_something_given():
    for some in source().exercises():
        assert np.diff(some.wanted.indptr).min() > 0
        assert np.diff(some.given.starts).min() > 0


def test_measured_users_are_never_learned_from():
    learned, checked = source().exercises()

    assert not set(learned.given.user_ids.tolist()) & set(checked.given.user_ids.tolist())
    assert not measured(learned.given.user_ids, PARAMS).any()
    assert measured(checked.given.user_ids, PARAMS).all()
    assert len(checked.given)


def test_who_is_learned_from_comes_twice_then_as_if_new():
    learned, _ = source().exercises()
    turn = int(np.argmin(np.diff(learned.given.user_ids))) + 1  # ids start anew
    as_if_new = np.arange(len(learned.given)) >= turn

    first, second = learned.only(~as_if_new), learned.only(as_if_new)
    again = first.only(np.isin(first.given.user_ids, second.given.user_ids))

    assert again.given.user_ids.tolist() == second.given.user_ids.tolist()
    assert (again.wanted != second.wanted).nnz == 0
    assert told(first.owned) == told(first.given)
    assert told(again.owned) == told(second.owned)
    assert np.diff(second.given.starts).max() <= FEW < np.diff(first.given.starts).max()
    assert known(second) < known(first)


def test_exercises_do_not_depend_on_the_shards():
    some = everybody()

    whole = source(some).exercises()
    cut = source(some.block(0, 11), some.block(11, 50), some.block(50, USERS)).exercises()

    for one, other in zip(whole, cut, strict=True):
        assert told(one.given) == told(other.given)
        assert told(one.owned) == told(other.owned)
        assert (one.wanted != other.wanted).nnz == 0


def test_users_without_a_hidden_title_that_they_like_do_not_take_part():
    unhappy = replace(everybody(), ratings=np.full_like(everybody().ratings, 5))

    learned, checked = source(unhappy).exercises()

    assert (len(learned.given), len(checked.given)) == (0, 0)


def test_titles_that_nobody_has_watched_are_not_to_be_found():
    learned, _ = source().exercises()

    assert learned.wanted.shape == (len(learned.given), RATED)


def test_planned_titles_are_not_to_be_found():
    planners = replace(everybody(), statuses=np.full(USERS * 20, Status.PLANNED, np.int8))

    assert [len(one.given) for one in source(planners).exercises()] == [0, 0]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_blocks_together_are_the_whole(size):
    learned, _ = source().exercises()

    blocks = list(learned.blocks(size))

    assert told(joined([one.given for one in blocks])) == told(learned.given)
    assert told(joined([one.owned for one in blocks])) == told(learned.owned)
    assert np.vstack([one.wanted.toarray() for one in blocks]).tolist() == (
        learned.wanted.toarray().tolist()
    )
    assert max(len(one.given) for one in blocks) <= size


def test_chosen_users_keep_their_own_rows():
    learned, _ = source().exercises()
    chosen = np.arange(len(learned.given)) % 3 == 1

    found = learned.only(chosen)

    places = np.flatnonzero(chosen)
    assert told(found.given) == [told(learned.given)[place] for place in places]
    assert told(found.owned) == [told(learned.owned)[place] for place in places]
    assert found.wanted.toarray().tolist() == learned.wanted.toarray()[places].tolist()


def test_validation_holds_some_who_teach_with_all_that_is_given():
    rows = source()
    taught, checked = rows.exercises()

    found = rows.validation(taught)

    chosen = stopping(taught.given.user_ids, rows.params)
    chosen &= np.diff(taught.given.starts) == np.diff(taught.owned.starts)
    ids = taught.given.user_ids[chosen].tolist()
    assert 0 < len(ids) < len(set(taught.given.user_ids.tolist()))
    assert not set(ids) & set(checked.given.user_ids.tolist())
    assert len(set(ids)) == len(ids)
    assert found.given.shape == found.wanted.shape == (len(ids), RATED)
    assert {(ids[row], where) for row, where in cells(found.given)} <= known(taught)
    assert (np.diff(found.given.indptr) > FEW / 2).all()


def test_users_of_whom_nothing_liked_is_given_teach_nothing():
    planned = [(column, 0, Status.PLANNED) for column in range(12)]
    liked = [(column, 9, Status.COMPLETED) for column in range(12, 20)]
    rows = source(histories(dict.fromkeys(range(1, USERS + 1), planned + liked)))

    taught, _ = rows.exercises()

    assert len(taught.given)
    assert np.diff(rows.tastes(taught.given).strengths.indptr).min() > 0


def test_what_is_shown_is_the_shard_without_what_is_hidden():
    _, hidden = held_out(everybody(), InMemoryDataset(ANIME, everybody()).anime_ids, USERS, PARAMS)

    assert told(source().shown("0")) == told(everybody().where(~hidden))
    assert told(source(hiding=False).shown("0")) == told(everybody())
