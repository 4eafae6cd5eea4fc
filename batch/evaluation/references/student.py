"""The classic notebook model for this data, re-created: how well a rating is guessed, as a ranking.

User and anime embeddings of 128, their cosine through one sigmoid unit, and binary cross-entropy
on ratings scaled from 0 to 1. It is trained on ratings that exist, never on those that do not, and
knows no user that it was not trained on.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from batch.dataset import Histories
from batch.evaluation.trial import Scorer, Trial
from batch.models.legs import Scores
from batch.models.quiet import quiet_stderr

with quiet_stderr():
    import keras

_FACTORS: Final = 128
_BATCH: Final = 10_000
_EPOCHS: Final = 20
_PATIENCE: Final = 3
_LEARNING_RATE: Final = 1e-3
_VALIDATION: Final = 0.05
_SEED: Final = 1


def fit(trial: Trial) -> Scorer:
    keras.utils.set_random_seed(_SEED)
    training = trial.split.training
    rated = training.where(training.ratings > 0)
    model = _build(len(rated), len(trial.rated))
    order = np.random.default_rng(_SEED).permutation(len(rated.columns))
    users, titles = rated.rows[order], trial.rated_positions[rated.columns][order]
    model.fit(
        [users, titles],
        _scaled(rated.ratings[order]),
        batch_size=_BATCH,
        epochs=_EPOCHS,
        validation_split=_VALIDATION,
        callbacks=[keras.callbacks.EarlyStopping(patience=_PATIENCE, restore_best_weights=True)],
        verbose=0,
    )
    return _scorer(model, rated.user_ids)


def _scaled(ratings: NDArray[np.int8]) -> Scores:
    lowest, highest = int(ratings.min()), int(ratings.max())
    return ((ratings - lowest) / max(highest - lowest, 1)).astype(np.float32)


def _build(users: int, titles: int) -> keras.Model:
    user, title = keras.Input(shape=(), dtype="int32"), keras.Input(shape=(), dtype="int32")
    of_user = keras.layers.Embedding(users, _FACTORS, name="users")(user)
    of_title = keras.layers.Embedding(titles, _FACTORS, name="titles")(title)
    cosine = keras.layers.Dot(axes=1, normalize=True)([of_user, of_title])
    guess = keras.layers.Dense(1, activation="sigmoid", name="guess")(cosine)
    model = keras.Model([user, title], guess)
    model.compile(optimizer=keras.optimizers.Adam(_LEARNING_RATE), loss="binary_crossentropy")
    return model


def _scorer(model: keras.Model, user_ids: NDArray[np.int64]) -> Scorer:
    """The same guesses by one product; the sigmoid would not change their order."""
    users, titles = (_unit(model.get_layer(name)) for name in ("users", "titles"))
    slope = np.float32(model.get_layer("guess").get_weights()[0].item())

    def score(given: Histories) -> Scores:
        rows = np.searchsorted(user_ids, given.user_ids)
        return slope * (users[rows] @ titles.T)

    return score


def _unit(layer: keras.layers.Layer) -> Scores:
    (rows,) = layer.get_weights()
    lengths = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return np.asarray(rows / lengths, np.float32)
