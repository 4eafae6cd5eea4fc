"""The user-based leg: ELSA, a shallow linear autoencoder (Vancura, Alves and Kasalicky, 2022).

Scores are x A A^T, where the rows of A, one embedding a title, have length one. Training
minimises the distance between input and output after both are scaled to length one.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from batch.evaluation.metrics import mean_ndcg
from batch.models import exact
from batch.models.legs import Scores, Training, Validation
from batch.models.quiet import quiet_stderr
from batch.models.streams import batch_size, user_batches
from batch.params import PeopleParams

with quiet_stderr():
    import keras
    import tensorflow as tf

_FILE: Final = "model.keras"
_CUTOFF: Final = 10


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
class PeopleLeg:
    """Keeps the Keras model to save it, and its unit embeddings, (rated, factors), to score.

    `epochs` is how long training went on before validation NDCG stopped rising.
    """

    model: keras.Model
    embeddings: NDArray[np.float32]
    epochs: int = 0

    def score(self, strengths: csr_array) -> Scores:
        tastes = strengths @ self.embeddings
        found: Scores = exact.unit_tastes(tastes) @ self.embeddings.T
        return found * exact.lengths(tastes)

    def vectors(self, strengths: csr_array) -> NDArray[np.float32]:
        """Each user's taste, shape (users, factors), of length one; zero without strengths."""
        return exact.unit_tastes(strengths @ self.embeddings)

    def save(self, folder: Path) -> None:
        self.model.save(folder / _FILE)


def load(folder: Path) -> PeopleLeg:
    """Read what `save` wrote."""
    return _leg(keras.models.load_model(folder / _FILE, compile=False))


def _leg(model: keras.Model, epochs: int = 0) -> PeopleLeg:
    embeddings = model.layers[-1].embeddings.numpy()
    return PeopleLeg(model, exact.unit_titles(embeddings), epochs)


def fit(training: Training) -> PeopleLeg:
    """Train until validation NDCG stops rising, or as long as in practice.

    The same data and seed give the same model.
    """
    params = training.params.people
    keras.utils.set_random_seed(params.seed)
    model = _build(training.rated, params)
    watch = _Watch(training)
    model.fit(
        _batches(training.without_gram()),
        epochs=_epochs(training),
        steps_per_epoch=min(
            -(-training.users // batch_size(training, params.batch_users)), params.max_steps
        ),
        callbacks=[watch, *_early_stopping(training)],
        shuffle=False,  # the stream is shuffled already
        verbose=0,
    )
    return _leg(model, watch.best_epoch)


def _epochs(training: Training) -> int:
    practised = training.practised
    return practised.epochs if isinstance(practised, PeopleLeg) else training.params.people.epochs


def _build(titles: int, params: PeopleParams) -> keras.Model:
    strengths = keras.Input(shape=(titles,))
    layer = ItemAutoencoder(titles, params.factors, params.seed)
    model = keras.Model(strengths, layer(strengths))
    optimizer = keras.optimizers.Nadam(params.learning_rate)
    model.compile(optimizer=optimizer, loss=normalised_distance)
    return model


def _batches(training: Training) -> tf.data.Dataset:
    """(input, target) pairs without end, dense, in an order that the seed fixes."""
    params = training.params.people
    signature = tf.TensorSpec((None, training.rated), tf.float32)
    rows = tf.data.Dataset.from_generator(
        lambda: user_batches(training, params.batch_users, params.seed), output_signature=signature
    )
    return rows.map(lambda batch: (batch, batch)).prefetch(2)


def _early_stopping(training: Training) -> list[keras.callbacks.Callback]:
    if not training.validation.wanted.nnz:
        return []
    patience = training.params.people.patience
    return [
        keras.callbacks.EarlyStopping(
            "val_ndcg", mode="max", patience=patience, restore_best_weights=True
        )
    ]


class _Watch(keras.callbacks.Callback):
    """Measures NDCG after each epoch, tells it to early stopping, and reports progress."""

    def __init__(self, training: Training) -> None:
        super().__init__()
        self._training, self._best, self.best_epoch = training, -1.0, 1

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        values = {} if logs is None else logs
        if self._training.validation.wanted.nnz:
            values["val_ndcg"] = _ndcg(_leg(self.model), self._training.validation)
        if values.get("val_ndcg", epoch) > self._best:
            self._best, self.best_epoch = values.get("val_ndcg", epoch), epoch + 1
        stage = self._training.stage("people")
        self._training.progress(stage, epoch + 1, _epochs(self._training), **values)


def _ndcg(leg: PeopleLeg, validation: Validation) -> float:
    return mean_ndcg(leg.score(validation.given), validation.given, validation.wanted, _CUTOFF)
