"""Rivals, each tuned and each in one small adapter: fit on a matrix, score rows of another."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
from scipy.sparse import csr_array, csr_matrix

from batch.models.legs import Scores
from batch.models.linear import solve
from batch.params import LinearParams

Scorer = Callable[[csr_array], Scores]
"""Squared ratings of some users, (users, titles) -> scores of the same shape."""

PEERS_INSTALLED: Final = find_spec("implicit") is not None
"""Whether the references that need the `peers` extra can run."""


def popularity(training: csr_array) -> Scorer:
    """How many have rated each title."""
    counts = np.diff(training.tocsc().indptr).astype(np.float32)
    return lambda given: np.tile(counts, (given.shape[0], 1))


def ease(training: csr_array) -> Scorer:
    """EASE (Steck, 2019) on squared ratings, with the regularisation best for mal-2022."""
    gram = (training.T @ training).toarray().astype(np.float64)
    nothing = csr_array((1, len(gram)), dtype=np.float32)
    coefficients = solve(gram, nothing, LinearParams(regularisation=100.0, metadata=0.0))
    return lambda given: given @ coefficients


def item_knn(training: csr_array) -> Scorer:
    """Cosines of TF-IDF weighted columns, the hundred nearest of each title."""
    from implicit.nearest_neighbours import ItemItemRecommender, normalize, tfidf_weight

    # What implicit's TFIDFRecommender does, but for a matrix in the form that its own base wants.
    weights = csr_matrix(normalize(tfidf_weight(training.T)).T)
    model = ItemItemRecommender(K=100)
    model.fit(weights, show_progress=False)
    similar = csr_array(model.similarity)
    return lambda given: (given @ similar).toarray()


def ials(training: csr_array) -> Scorer:
    """Implicit ALS (Hu, Koren and Volinsky, 2008), tuned on mal-2022, with fold-in."""
    from implicit.als import AlternatingLeastSquares

    with _one_blas_thread():
        model = AlternatingLeastSquares(
            factors=256, regularization=60, alpha=10, iterations=15, random_state=1
        )
        model.fit(csr_matrix(training), show_progress=False)
    return lambda given: _fold_in(model, given) @ model.item_factors.T


def _fold_in(model: Any, given: csr_array) -> Scores:
    with _one_blas_thread():
        factors: Scores = model.recalculate_user(np.arange(given.shape[0]), csr_matrix(given))
    return factors


def _one_blas_thread() -> AbstractContextManager[object]:
    """The threads of implicit and those of BLAS would fight, also where a user is folded in."""
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[object] = threadpool_limits(1, "blas")
    return limits


REFERENCES: Final[dict[str, Callable[[csr_array], Scorer]]] = {
    "popularity": popularity,
    **({"item-kNN": item_knn, "iALS": ials} if PEERS_INSTALLED else {}),
    "EASE": ease,
}
