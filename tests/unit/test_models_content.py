from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from batch.features import Features
from batch.models import content
from batch.models.content import keras
from batch.models.legs import Training, Validation
from batch.params import ContentParams, Params
from tests.datasets import quiet

RATED, UNRATED, USERS = 24, 4, 96
ANIME = RATED + UNRATED
COLD = 22, 23
"""Rated titles, one of each genre, that nobody in the crowd likes."""
PARAMS = Params(
    content=ContentParams(factors=8, epochs=6, steps=12, batch_titles=8, learning_rate=0.03)
)


def genres():
    """Even titles are Action, odd ones Drama; one word says nothing about either."""
    even = np.arange(ANIME) % 2 == 0
    matrix = np.stack([even, ~even, np.arange(ANIME) % 3 == 0])
    names = [("genres", "Action"), ("genres", "Drama"), ("title", "the")]
    return Features(names, csr_array(matrix.astype(np.float32)))


def crowd():
    """Even users like Action, odd ones Drama."""
    random = np.random.default_rng(4)
    likes = np.zeros((USERS, RATED), np.float32)
    for user in range(USERS):
        likes[user, 2 * random.choice(11, 6, replace=False) + user % 2] = 1
    return csr_array(likes)


def training(features=None, params=PARAMS, text=None, **parts):
    likes, empty = crowd(), csr_array((0, RATED), dtype=np.float32)
    return Training(
        users=USERS,
        rated=RATED,
        shards=lambda: iter([likes[:30], likes[30:]]),
        gram=np.zeros((RATED, RATED)),
        features=features or genres(),
        text=np.zeros((ANIME, 0), np.float32) if text is None else text,
        validation=Validation(empty, empty),
        params=params,
        progress=parts.pop("progress", quiet),
        **parts,
    )


@pytest.fixture(scope="module")
def leg():
    return content.fit(training())


def fans():
    """Somebody who likes three titles of Action, and somebody who likes three of Drama."""
    likes = np.zeros((2, RATED), np.float32)
    likes[0, [0, 4, 8]] = likes[1, [1, 5, 9]] = 1
    return csr_array(likes)


def test_a_title_that_nobody_likes_is_found_by_its_features_alone(leg):
    action, drama = leg.score(fans())

    assert action[COLD[0]] > action[1::2].max()
    assert drama[COLD[1]] > drama[0::2].max()


def test_an_unrated_title_with_features_that_a_user_likes_stands_above_others(leg):
    action, drama = leg.score_unrated(fans())

    assert min(action[0::2]) > max(action[1::2])
    assert min(drama[1::2]) > max(drama[0::2])


def test_titles_with_the_same_features_score_the_same_rated_or_not(leg):
    # 0, 6, 12 and 18 are Action with the word; so is 24, the first unrated one
    rated, new = leg.score(fans()), leg.score_unrated(fans())

    assert (rated[:, [0, 6, 12, 18]] == new[:, [0]]).all()


def test_rated_and_unrated_titles_are_all_scored(leg):
    assert leg.score(fans()).shape == (2, RATED)
    assert leg.score_unrated(fans()).shape == (2, UNRATED)
    assert leg.score(fans()).dtype == leg.score_unrated(fans()).dtype == np.float32


def test_somebody_who_likes_nothing_is_told_what_appeals_to_everybody(leg):
    nobody = csr_array((1, RATED), dtype=np.float32)

    assert leg.score(nobody)[0] == pytest.approx(leg.appeal[:RATED])


def test_liking_everything_twice_as_much_is_the_same_taste(leg):
    np.testing.assert_allclose(leg.score(2 * fans()), leg.score(fans()), atol=0.01)


def test_scores_are_those_of_the_network(leg):
    numbers, weights = content._filled_up(
        content._known(genres().weighted(PARAMS.linear.rarity), RATED)
    )

    logits = leg.model((fans().toarray(), numbers, weights)).numpy()

    found = np.hstack((leg.score(fans()), leg.score_unrated(fans())))
    np.testing.assert_allclose(found, logits, atol=0.02 * np.abs(logits).max())


def test_a_saved_leg_scores_the_same_after_reload(leg, tmp_path):
    leg.save(tmp_path)

    loaded = content.load(tmp_path)

    assert loaded.score(crowd()).tobytes() == leg.score(crowd()).tobytes()
    assert loaded.score_unrated(crowd()).tobytes() == leg.score_unrated(crowd()).tobytes()


def test_the_network_is_saved_in_keras_own_format_beside_the_arrays(leg, tmp_path):
    leg.save(tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["tower.keras", "vectors.npz"]
    numbers, weights = np.int32([[0], [1]]), np.float32([[1], [1]])
    inputs = fans().toarray(), numbers, weights
    loaded = keras.models.load_model(tmp_path / "tower.keras")
    assert loaded(inputs).numpy().tolist() == leg.model(inputs).numpy().tolist()


def test_the_same_seed_gives_the_same_leg_and_another_seed_another(leg):
    again = content.fit(training())
    other = replace(PARAMS, content=replace(PARAMS.content, seed=2, epochs=1))

    assert again.likes.tobytes() == leg.likes.tobytes()
    assert again.titles.tobytes() == leg.titles.tobytes()
    assert (content.fit(training(params=other)).likes != leg.likes).any()


def test_the_second_fit_returns_the_practised_leg(leg):
    assert content.fit(training(practised=leg)) is leg


def test_a_catalogue_without_any_feature_has_a_leg_that_scores():
    nothing = Features([], csr_array((0, ANIME), dtype=np.float32))
    short = replace(PARAMS, content=replace(PARAMS.content, epochs=1))

    found = content.fit(training(nothing, short))

    assert np.isfinite(found.score(fans())).all()
    assert found.score_unrated(fans()).shape == (2, UNRATED)
    assert np.ptp(found.score(fans()), axis=1).tolist() == [0, 0]


def test_features_that_only_unrated_titles_have_mean_nothing():
    new = np.zeros((1, ANIME), np.float32)
    new[0, RATED:] = 1
    known = genres()
    more = Features(
        [*known.names, ("title", "new")], csr_array(np.vstack((known.matrix.toarray(), new)))
    )

    found = content._known(more.weighted(0.5), RATED)

    assert found.shape == (ANIME, 3)
    assert np.linalg.norm(found.toarray(), axis=1) == pytest.approx(np.ones(ANIME))


def test_every_epoch_is_reported_with_its_loss():
    told = []

    content.fit(training(progress=lambda *step, **values: told.append((*step, values["loss"]))))

    assert [one[:3] for one in told] == [("content", epoch, 6) for epoch in range(1, 7)]
    assert told[-1][3] < told[0][3]


def test_a_user_is_scored_the_same_at_every_place_of_a_block():
    random = np.random.default_rng(6)
    wide = content.ContentLeg(
        None,
        random.normal(size=(RATED, 128)).astype(np.float32),
        content.exact.unit_titles(random.normal(size=(200, 128)).astype(np.float32)),
        random.random(200, np.float32),
        random.random(200, np.float32),
    )
    users = random.random((8, RATED), np.float32)
    block = csr_array(np.tile(users, (32, 1)))

    for scores in (wide.score(block), wide.score_unrated(block)):
        found = scores.reshape(32, 8, -1)
        assert (found == found[0]).all()


def test_hidden_titles_are_taken_from_what_a_batch_of_users_shows():
    features = content._known(genres().weighted(0.5), RATED)

    (likes, numbers, weights), wanted = next(content._hiding(training(), features))

    assert likes.shape == (12, RATED)
    assert wanted.shape == (12, 8)
    assert numbers.shape == weights.shape == (8, 2)
    assert likes.sum() + wanted.sum() == 12 * 6
    assert wanted.sum() > 0


def test_rows_are_filled_up_with_weights_of_zero():
    numbers, weights = content._filled_up(csr_array(np.float32([[0, 2, 3], [0, 0, 0], [4, 0, 0]])))

    assert numbers.tolist() == [[1, 2], [0, 0], [0, 0]]
    assert weights.tolist() == [[2, 3], [0, 0], [4, 0]]


def test_a_title_that_nobody_likes_is_found_by_its_text_alone():
    nothing = Features([], csr_array((0, ANIME), dtype=np.float32))
    about = np.where(np.arange(ANIME) % 2 == 0, 1, -1)[:, None].astype(np.float32)

    action, drama = content.fit(training(nothing, text=about)).score(fans())

    assert action[COLD[0]] > action[1::2].max()
    assert drama[COLD[1]] > drama[::2].max()
