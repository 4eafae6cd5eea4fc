"""Training of the ranker: which of a user's candidates are among the titles kept from the legs.

Listwise, as ListNet does (Cao et al., 2007): the cross-entropy between the hidden likes and the
softmax over each user's candidates.
"""

import numpy as np
from numpy.typing import NDArray

from batch.models.quiet import quiet_stderr
from batch.models.ranker import Ranker, neutral, on_grids
from batch.params import RankerParams

with quiet_stderr():
    import keras
    import tensorflow as tf

Values = NDArray[np.float32]

_NOWHERE = np.float32(-1e6)
"""So far down that its share of any user's softmax is zero; minus infinity times no hit is none."""


def fit(described: Values, base: Values, hit: NDArray[np.bool_], params: RankerParams) -> Ranker:
    """Learn corrections to the blend.

    Args:
        described: candidates of users who did not help to measure, (users, candidates, numbers).
        base: their blended scores by the user's spread; minus infinity for what is no candidate,
            as a user who has seen nearly everything has.
        hit: which of them were hidden and liked, (users, candidates).
    """
    useful = hit.any(axis=1)
    if not useful.any():
        return neutral(params.sharpness)
    described, base, hit = described[useful], base[useful], hit[useful]
    keras.utils.set_random_seed(params.seed)
    candidates = base > -np.inf
    mean, scale = _moments(described, candidates)
    base = np.where(candidates, base, _NOWHERE)
    model = _network(described.shape[-1], params)
    model.fit(
        [(described - mean) / scale, base * np.float32(params.sharpness)],
        hit.astype(np.float32),
        batch_size=params.batch_users,
        epochs=params.epochs,
        verbose=0,
    )
    inner, start, outer = (weights for layer in model.layers for weights in layer.get_weights())
    return on_grids(mean, scale, inner, start, outer[:, 0], params.sharpness)


def _moments(described: Values, candidates: NDArray[np.bool_]) -> tuple[Values, Values]:
    """Mean and standard deviation of each number over the candidates, (numbers,) each."""
    where = candidates[..., None]
    mean = described.mean(axis=(0, 1), dtype=np.float64, where=where)
    spread = described.std(axis=(0, 1), dtype=np.float64, where=where)
    return mean.astype(np.float32), spread.astype(np.float32) + np.float32(1e-6)


def _network(numbers: int, params: RankerParams) -> keras.Model:
    described, base = keras.Input((None, numbers)), keras.Input((None,))
    hidden = keras.layers.Dense(
        params.hidden,
        activation="relu",
        kernel_initializer=keras.initializers.GlorotUniform(seed=params.seed),
    )(described)
    # From zero: training starts at the blend itself.
    correction = keras.layers.Dense(1, kernel_initializer="zeros", use_bias=False)(hidden)
    model = keras.Model([described, base], base + correction[..., 0])
    optimizer = keras.optimizers.AdamW(params.learning_rate, weight_decay=params.weight_decay)
    model.compile(optimizer, _surprise)
    return model


def _surprise(hit: tf.Tensor, scores: tf.Tensor) -> tf.Tensor:
    """Cross-entropy of a user's hits, damped for users with many, shape (users,)."""
    wanted = hit / tf.sqrt(tf.reduce_sum(hit, axis=-1, keepdims=True))
    return -tf.reduce_sum(wanted * tf.nn.log_softmax(scores), axis=-1)
