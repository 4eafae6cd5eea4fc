"""The content-based leg: what a title is, in the space of what people like.

A title's vector is a weighted sum of the embeddings of its features (genres, studios, words of
its titles, what its synopsis is about, ...), a user's the sum of free embeddings of the titles
they like. Both are learned together: in each step some titles are hidden from the users who like
them and have to be found by their features alone (after DropoutNet; Volkovs, Yu and Poutanen,
2017), so a title that nobody has rated gets a vector that is as good as theirs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack

from batch.features import unit_columns
from batch.models import exact
from batch.models.legs import Leg, Scores, Training
from batch.models.quiet import quiet_stderr
from batch.models.streams import user_batches

with quiet_stderr():
    import keras
    import tensorflow as tf

_MODEL: Final = "tower.keras"
_ARRAYS: Final = "vectors.npz"

Batch = tuple[
    tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float32]], NDArray[np.float32]
]


@keras.saving.register_keras_serializable("anirec")
class FeatureTower(keras.Model):
    """(what users like (users, rated), features of titles) -> logits (users, titles).

    A title's features are their numbers and weights, both (titles, most features of any), filled
    up with weights of zero.
    """

    def __init__(
        self,
        rated: int,
        features: int,
        factors: int,
        dropout: float,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._config = {
            "rated": rated,
            "features": features,
            "factors": factors,
            "dropout": dropout,
            "seed": seed,
        }
        start = keras.initializers.RandomNormal(stddev=0.05, seed=seed)
        self.tastes = keras.layers.Dense(factors, use_bias=False, kernel_initializer=start)
        self.dropout = keras.layers.Dropout(dropout, seed=seed)
        # The last factor meets no taste: it is how much a feature appeals to everybody.
        self.features = keras.layers.Embedding(
            features,
            factors + 1,
            embeddings_initializer=keras.initializers.RandomNormal(stddev=0.05, seed=seed + 1),
        )
        self.base = self.add_weight(name="base", shape=(factors + 1,), initializer="zeros")

    def call(
        self, inputs: tuple[tf.Tensor, tf.Tensor, tf.Tensor], training: bool = False
    ) -> tf.Tensor:
        likes, numbers, weights = inputs
        kept = self.dropout(weights, training=training)
        titles = tf.einsum("tf,tfd->td", kept, self.features(numbers)) + self.base
        tastes = self.tastes(tf.math.l2_normalize(likes, axis=-1))
        return tf.matmul(tastes, titles[:, :-1], transpose_b=True) + titles[:, -1]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._config}


@keras.saving.register_keras_serializable("anirec")
def hidden_likes(wanted: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Cross-entropy of the hidden titles, damped for users with many, shape (users,)."""
    surprise = -tf.reduce_sum(wanted * tf.nn.log_softmax(logits), axis=-1)
    return surprise / tf.sqrt(tf.maximum(tf.reduce_sum(wanted, axis=-1), 1.0))


@dataclass(frozen=True)
class ContentLeg:
    """`likes` (rated, factors) sum up to a taste; `titles` (anime, factors), of length one, times
    `sizes` (anime,) and with `appeal` (anime,) are what it is compared with. All titles are in
    model order, the unrated ones last.
    """

    model: keras.Model | None
    likes: NDArray[np.float32]
    titles: NDArray[np.float32]
    sizes: NDArray[np.float32]
    appeal: NDArray[np.float32]

    def score(self, strengths: csr_array) -> Scores:
        return self._score(strengths, slice(0, strengths.shape[1]))

    def score_unrated(self, strengths: csr_array) -> Scores:
        """Scores of the titles without ratings, shape (users, unrated)."""
        return self._score(strengths, slice(strengths.shape[1], None))

    def _score(self, strengths: csr_array, part: slice) -> Scores:
        tastes = (strengths @ self.likes) / _row_lengths(strengths)
        found: Scores = exact.unit_tastes(tastes) @ self.titles[part].T
        found *= self.sizes[part]
        found *= exact.lengths(tastes)
        found += self.appeal[part]
        return found

    def save(self, folder: Path) -> None:
        if self.model is not None:
            self.model.save(folder / _MODEL)
        np.savez(
            folder / _ARRAYS,
            likes=self.likes,
            titles=self.titles,
            sizes=self.sizes,
            appeal=self.appeal,
        )


def load(folder: Path) -> ContentLeg:
    """Read the arrays that `save` wrote; the Keras model beside them is for training on."""
    with np.load(folder / _ARRAYS, allow_pickle=False) as found:
        return ContentLeg(None, found["likes"], found["titles"], found["sizes"], found["appeal"])


def fit(training: Training) -> Leg:
    """Learn to find hidden titles by their features; the same data and seed, the same leg.

    What was fitted in practice is kept: the rows that it lacks would not change what features
    mean.
    """
    if training.practised:
        return training.practised
    params = training.params.content
    keras.utils.set_random_seed(params.seed)
    features = _with_text(
        _known(training.features.weighted(training.params.linear.rarity), training.rated),
        training.text * np.float32(params.text),
    )
    model = FeatureTower(
        training.rated, features.shape[1], params.factors, params.feature_dropout, params.seed
    )
    schedule = keras.optimizers.schedules.CosineDecay(
        params.learning_rate, params.epochs * params.steps
    )
    model.compile(keras.optimizers.AdamW(schedule, weight_decay=params.weight_decay), hidden_likes)
    model.fit(
        _batches(training.without_gram(), features),
        epochs=params.epochs,
        steps_per_epoch=params.steps,
        callbacks=[_Report(training)],
        shuffle=False,  # the stream is shuffled already
        verbose=0,
    )
    return _leg(model, features)


def _known(weighted: csr_array, rated: int) -> csr_array:
    """Features of the rated titles, the only ones there is something to learn about.

    Takes (features, titles), returns (titles, known features) with rows of length one.
    """
    known = np.flatnonzero(np.diff(weighted[:, :rated].tocsr().indptr))
    if not len(known):
        return csr_array((weighted.shape[1], 1), dtype=np.float32)
    return unit_columns(weighted[known]).T.tocsr()


def _with_text(known: csr_array, text: NDArray[np.float32]) -> csr_array:
    """Factors of text as further features, (titles, features), rows of length one again.

    They are few and dense: embeddings of the words themselves would learn the titles by heart.
    """
    both = hstack((known, csr_array(text)), format="csr", dtype=np.float32)
    return unit_columns(both.T.tocsr()).T.tocsr()


class _Report(keras.callbacks.Callback):
    def __init__(self, training: Training) -> None:
        super().__init__()
        self._training = training

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        total = self._training.params.content.epochs
        self._training.progress("content", epoch + 1, total, **(logs or {}))


def _batches(training: Training, features: csr_array) -> tf.data.Dataset:
    """((likes without the hidden titles, these titles' features), what was hidden), no end."""
    signature = (
        (
            tf.TensorSpec((None, training.rated), tf.float32),
            tf.TensorSpec((None, None), tf.int32),
            tf.TensorSpec((None, None), tf.float32),
        ),
        tf.TensorSpec((None, None), tf.float32),
    )
    return tf.data.Dataset.from_generator(
        lambda: _hiding(training, features), output_signature=signature
    ).prefetch(2)


def _hiding(training: Training, features: csr_array) -> Iterator[Batch]:
    params = training.params.content
    random = np.random.default_rng(params.seed)
    many = min(params.batch_titles, max(training.rated // 2, 1))
    numbers, weights = _filled_up(features)
    for likes in user_batches(training, params.batch_users, params.seed):
        hidden = random.choice(training.rated, many, replace=False)
        wanted = likes[:, hidden]
        likes[:, hidden] = 0
        yield (likes, numbers[hidden], weights[hidden]), wanted


def _filled_up(rows: csr_array) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Numbers and weights of each row's entries, both (rows, most entries of any)."""
    counts = np.diff(rows.indptr)
    filled = np.arange(max(int(counts.max(initial=0)), 1)) < counts[:, None]
    numbers, weights = np.zeros(filled.shape, np.int32), np.zeros(filled.shape, np.float32)
    numbers[filled], weights[filled] = rows.indices, rows.data
    return numbers, weights


def _leg(model: FeatureTower, features: csr_array) -> ContentLeg:
    titles = features @ model.features.get_weights()[0] + model.base.numpy()
    return ContentLeg(
        model,
        model.tastes.get_weights()[0],
        exact.unit_titles(titles[:, :-1]),
        exact.lengths(titles[:, :-1])[:, 0],
        titles[:, -1],
    )


def _row_lengths(rows: csr_array) -> NDArray[np.float32]:
    squares = np.asarray(rows.multiply(rows).sum(axis=1), np.float32).reshape(-1, 1)
    return np.sqrt(np.maximum(squares, np.finfo(np.float32).tiny))
