from itertools import chain, islice

import numpy as np
import pytest
from scipy.sparse import csr_array

from batch.features import Features
from batch.models.legs import Training, Validation
from batch.models.streams import batch_size, user_batches
from batch.params import Params
from tests.datasets import quiet

USERS = 45
IDLE = 5
"""The last users like nothing."""


def training(*cuts):
    """User u likes one title, u + 1 strong, in shards that end at the cuts."""
    likes = np.diag(np.arange(1, USERS + 1, dtype=np.float32))
    likes[USERS - IDLE :] = 0
    shards = [csr_array(one) for one in np.split(likes, cuts)]
    empty = csr_array((0, USERS), dtype=np.float32)
    return Training(
        users=USERS,
        rated=USERS,
        shards=lambda: iter(shards),
        gram=np.zeros((USERS, USERS)),
        features=Features([], empty),
        text=np.empty((0, 0), np.float32),
        validation=Validation(empty, empty),
        params=Params(),
        progress=quiet,
    )


def epoch(batches):
    """Strengths of the users of as many batches as an epoch of 40 users in sixes has."""
    return [sorted(one.max(axis=1).tolist()) for one in islice(batches, 7)]


def everybody():
    return list(range(1, USERS - IDLE + 1))


def test_small_data_sets_still_get_eight_steps_an_epoch():
    assert batch_size(training(), 256) == 6
    assert batch_size(training(), 4) == 4


@pytest.mark.parametrize("cuts", [(), (10,), (1, 2, 3, 30), (20, 20, 44)])
def test_an_epoch_has_everybody_who_likes_anything_once(cuts):
    batches = user_batches(training(*cuts), 256, seed=1)

    for _ in range(3):
        found = epoch(batches)
        assert [len(one) for one in found] == [6, 6, 6, 6, 6, 6, 4]
        assert sorted(chain(*found)) == everybody()


def test_rows_are_dense_and_as_they_were():
    first = next(user_batches(training(10), 256, seed=1))

    assert first.shape == (6, USERS)
    assert (first > 0).sum(axis=1).tolist() == [1] * 6
    assert first.max(axis=1).tolist() == (first.argmax(axis=1) + 1).tolist()


def test_the_order_follows_from_the_seed_and_changes_from_epoch_to_epoch():
    once, again = (user_batches(training(10), 256, seed=1) for _ in range(2))
    first = epoch(once)

    assert epoch(again) == first
    assert epoch(once) != first
    assert epoch(user_batches(training(10), 256, seed=2)) != first
