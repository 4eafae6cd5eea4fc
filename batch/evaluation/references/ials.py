"""Implicit ALS (Hu, Koren and Volinsky, 2008) of `implicit`, tuned on mal-2022, with fold-in."""

import numpy as np
from implicit.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from batch.dataset import Histories
from batch.evaluation.trial import Scorer, Trial
from batch.models.legs import Scores


def fit(trial: Trial) -> Scorer:
    training = csr_matrix(trial.squared(trial.split.training))
    with threadpool_limits(1, "blas"):  # implicit's threads and those of BLAS would fight
        model = AlternatingLeastSquares(
            factors=256, regularization=60, alpha=10, iterations=15, random_state=1
        )
        model.fit(training, show_progress=False)

    def score(given: Histories) -> Scores:
        rows = csr_matrix(trial.squared(given))
        with threadpool_limits(1, "blas"):
            factors: Scores = model.recalculate_user(np.arange(rows.shape[0]), rows)
        return np.asarray(factors @ model.item_factors.T)

    return score
