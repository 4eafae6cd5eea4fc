import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from batch.features import Features
from batch.models import people
from batch.models.legs import Training, Validation
from batch.params import Params, PeopleParams
from tests.datasets import quiet

TITLES = 12
PARAMS = Params(people=PeopleParams(factors=4, epochs=6, patience=6, learning_rate=0.1))


def tastes(users=64):
    """Even users like some of titles 0 to 5, odd ones some of 6 to 11."""
    random = np.random.default_rng(4)
    likes = np.zeros((users, TITLES), np.float32)
    for user in range(users):
        likes[user, random.choice(6, 4, replace=False) + 6 * (user % 2)] = 1
    return csr_array(likes)


def training(rows=None, params=PARAMS, validation=None, progress=quiet):
    found = tastes() if rows is None else rows
    empty = csr_array((0, TITLES), dtype=np.float32)
    return Training(
        users=found.shape[0],
        rated=TITLES,
        shards=lambda: iter([found[:10], found[10:]]),
        gram=np.zeros((TITLES, TITLES)),
        features=Features([], empty),
        text=np.empty((0, 0), np.float32),
        validation=validation or Validation(empty, empty),
        params=params,
        progress=progress,
    )


@pytest.fixture(scope="module")
def leg():
    return people.fit(training())


def test_it_learns_who_likes_what_together(leg):
    newcomers = csr_array(np.eye(TITLES, dtype=np.float32)[[0, 7]])

    even, odd = leg.score(newcomers)

    assert even[:6].min() > even[6:].max()
    assert odd[6:].min() > odd[:6].max()


def test_a_saved_leg_scores_the_same_after_reload(leg, tmp_path):
    leg.save(tmp_path)

    loaded = people.load(tmp_path)

    assert loaded.score(tastes()).tobytes() == leg.score(tastes()).tobytes()


def test_it_is_saved_in_keras_own_format(leg, tmp_path):
    leg.save(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]


def test_the_same_seed_gives_the_same_model(leg):
    again = people.fit(training())

    assert again.embeddings.tobytes() == leg.embeddings.tobytes()


def test_another_seed_gives_another_model(leg):
    other = replace(PARAMS, people=replace(PARAMS.people, seed=2))

    assert (people.fit(training(params=other)).embeddings != leg.embeddings).any()


def test_embeddings_have_length_one(leg):
    np.testing.assert_allclose(np.linalg.norm(leg.embeddings, axis=1), 1, rtol=1e-2)


def test_a_user_is_scored_the_same_at_every_place_of_a_block():
    wide = people.fit(training(params=replace(PARAMS, people=PeopleParams(factors=64, epochs=1))))
    users = np.random.default_rng(6).random((8, TITLES), np.float32)

    scores = wide.score(csr_array(np.tile(users, (32, 1)))).reshape(32, 8, TITLES)

    assert (scores == scores[0]).all()


def test_people_are_placed_by_what_they_like(leg):
    eyes = np.eye(TITLES, dtype=np.float32)
    likes = csr_array(np.stack([eyes[0], eyes[2], eyes[7], 0 * eyes[0], 9 * eyes[0]]))

    places = leg.vectors(likes)

    assert places.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(places, axis=1), [1, 1, 1, 0, 1], atol=1e-3)
    assert places[0] @ places[1] > places[0] @ places[2]
    assert (places[4] == places[0]).all()


def test_training_stops_when_validation_no_longer_improves():
    epochs = []
    given, wanted = tastes(8), csr_array(np.eye(8, TITLES, dtype=np.float32))
    params = replace(PARAMS, people=replace(PARAMS.people, epochs=40, patience=1))

    people.fit(
        training(
            params=params,
            validation=Validation(given, wanted),
            progress=lambda _stage, done, total, **_: epochs.append((done, total)),
        )
    )

    assert 1 < len(epochs) < 40
    assert epochs[0] == (1, 40)


def test_every_epoch_is_reported():
    reported = []

    people.fit(training(progress=lambda *step, **_: reported.append(step)))

    assert reported == [("people", epoch, 6) for epoch in range(1, 7)]


def test_loss_and_validation_ndcg_of_each_epoch_are_told():
    told = []

    check = Validation(tastes(8), tastes(8))
    people.fit(training(validation=check, progress=lambda *_, **values: told.append(values)))

    assert all(set(values) == {"loss", "val_ndcg"} for values in told)
    assert told[-1]["loss"] < told[0]["loss"]


def test_the_gram_matrix_is_free_after_training():
    square = np.zeros((TITLES, TITLES))
    gone = weakref.ref(square)
    leg = people.fit(replace(training(), gram=square))

    del square
    gc.collect()

    assert leg.embeddings.size
    assert gone() is None
