"""The TensorFlow leg: ELSA, a shallow linear autoencoder (Vancura, Alves and Kasalicky, 2022).

Scores are x A A^T, where the rows of A, one embedding a title, have length one. Training
minimises the distance between input and output after both are scaled to length one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from batch.evaluation.metrics import mean_ndcg
from batch.models.legs import Scores, Training, Validation
from batch.models.quiet import quiet_stderr
from batch.params import ElsaParams

with quiet_stderr():
    import keras
    import tensorflow as tf

_FILE: Final = "model.keras"
_CUTOFF: Final = 10
_STEPS: Final = 8
_TITLE_GRID: Final = 2**11
_TASTE_GRID: Final = 2**12
"""Rows of length one are rounded to these before they are multiplied. Every sum of products then
is a multiple of 2**-23 below 2: exact in float32, while BLAS would round each row of a block
differently, by its place."""


@keras.saving.register_keras_serializable("anirec")
class ItemAutoencoder(keras.layers.Layer):
    """(users, titles) strengths -> (users, titles) scores, without what the input explains."""

    def __init__(self, titles: int, factors: int, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.titles, self.factors, self.seed = titles, factors, seed

    def build(self, _: object) -> None:
        self.embeddings = self.add_weight(
            name="embeddings",
            shape=(self.titles, self.factors),
            initializer=keras.initializers.GlorotUniform(seed=self.seed),
        )

    def call(self, strengths: tf.Tensor) -> tf.Tensor:
        unit = tf.math.l2_normalize(self.embeddings, axis=-1)
        return tf.nn.relu(tf.matmul(strengths @ unit, unit, transpose_b=True) - strengths)

    def get_config(self) -> dict[str, Any]:
        mine = {"titles": self.titles, "factors": self.factors, "seed": self.seed}
        return {**super().get_config(), **mine}


@keras.saving.register_keras_serializable("anirec")
def normalised_distance(wanted: tf.Tensor, found: tf.Tensor) -> tf.Tensor:
    """Squared distance between rows of length one, shape (users,); from 0 to 2."""
    difference = tf.math.l2_normalize(wanted, -1) - tf.math.l2_normalize(found, -1)
    return tf.reduce_sum(tf.square(difference), axis=-1)


@dataclass(frozen=True)
class ElsaLeg:
    """Keeps the Keras model to save it, and its unit embeddings, (rated, factors), to score."""

    model: keras.Model
    embeddings: NDArray[np.float32]

    def score(self, strengths: csr_array) -> Scores:
        tastes = strengths @ self.embeddings
        lengths = _lengths(tastes)
        found: Scores = _on_grid(tastes / lengths, _TASTE_GRID) @ self.embeddings.T
        return found * lengths

    def vectors(self, strengths: csr_array) -> NDArray[np.float32]:
        tastes = strengths @ self.embeddings
        return _on_grid(tastes / _lengths(tastes), _TASTE_GRID)

    def save(self, folder: Path) -> None:
        self.model.save(folder / _FILE)


def load(folder: Path) -> ElsaLeg:
    """Read what `save` wrote."""
    return _leg(keras.models.load_model(folder / _FILE, compile=False))


def _leg(model: keras.Model) -> ElsaLeg:
    embeddings = model.layers[-1].embeddings.numpy()
    return ElsaLeg(model, _on_grid(embeddings / _lengths(embeddings), _TITLE_GRID))


def _lengths(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(np.float32).tiny)


def _on_grid(rows: NDArray[np.float32], grid: int) -> NDArray[np.float32]:
    return np.rint(rows * np.float32(grid)) / np.float32(grid)


def fit(training: Training) -> ElsaLeg:
    """Train until validation NDCG stops rising; the same data and seed give the same model."""
    params = training.params.elsa
    keras.utils.set_random_seed(params.seed)
    model = _build(training.rated, params)
    model.fit(
        _batches(training),
        epochs=params.epochs,
        steps_per_epoch=-(-training.users // _batch_users(training)),
        callbacks=_callbacks(training),
        shuffle=False,  # the stream is shuffled already
        verbose=0,
    )
    return _leg(model)


def _build(titles: int, params: ElsaParams) -> keras.Model:
    strengths = keras.Input(shape=(titles,))
    layer = ItemAutoencoder(titles, params.factors, params.seed)
    model = keras.Model(strengths, layer(strengths))
    optimizer = keras.optimizers.Nadam(params.learning_rate)
    model.compile(optimizer=optimizer, loss=normalised_distance)
    return model


def _batches(training: Training) -> tf.data.Dataset:
    """(input, target) pairs without end, dense, in an order that the seed fixes."""
    signature = tf.TensorSpec((None, training.rated), tf.float32)
    rows = tf.data.Dataset.from_generator(lambda: _stream(training), output_signature=signature)
    return rows.map(lambda batch: (batch, batch)).prefetch(2)


def _stream(training: Training) -> Iterator[NDArray[np.float32]]:
    random = np.random.default_rng(training.params.elsa.seed)
    while True:
        waiting: list[csr_array] = []
        for shard in training.shards():
            waiting.append(_shuffled(shard, random))
            *full, rest = _cut(vstack(waiting, format="csr"), _batch_users(training))
            waiting = [rest]
            yield from (batch.toarray() for batch in full)
        yield from (batch.toarray() for batch in waiting if batch.shape[0])


def _batch_users(training: Training) -> int:
    """Small data sets still get eight steps an epoch."""
    return min(training.params.elsa.batch_users, -(-training.users // _STEPS))


def _shuffled(shard: csr_array, random: np.random.Generator) -> csr_array:
    used = np.flatnonzero(np.diff(shard.indptr))
    return shard[random.permutation(used)]


def _cut(rows: csr_array, size: int) -> list[csr_array]:
    return [rows[start : start + size] for start in range(0, rows.shape[0] + 1, size)]


def _callbacks(training: Training) -> list[keras.callbacks.Callback]:
    watch = _Watch(training)
    if not training.validation.wanted.nnz:
        return [watch]
    patience = training.params.elsa.patience
    stop = keras.callbacks.EarlyStopping(
        "val_ndcg", mode="max", patience=patience, restore_best_weights=True
    )
    return [watch, stop]


class _Watch(keras.callbacks.Callback):
    """Measures NDCG after each epoch, tells it to early stopping, and reports progress."""

    def __init__(self, training: Training) -> None:
        super().__init__()
        self._training = training

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if logs is not None:
            logs["val_ndcg"] = _ndcg(_leg(self.model), self._training.validation)
        self._training.progress("elsa", epoch + 1, self._training.params.elsa.epochs)


def _ndcg(leg: ElsaLeg, validation: Validation) -> float:
    return mean_ndcg(leg.score(validation.given), validation.given, validation.wanted, _CUTOFF)
