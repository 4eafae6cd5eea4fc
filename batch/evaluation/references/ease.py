"""EASE (Steck, 2019) on squared ratings, with the regularisation best for mal-2022."""

import numpy as np
from scipy.sparse import csr_array

from batch.dataset import Histories
from batch.evaluation.trial import Scorer, Trial
from batch.models.legs import Scores
from batch.models.linear import solve
from batch.params import LinearParams


def fit(trial: Trial) -> Scorer:
    training = trial.squared(trial.split.training)
    gram = (training.T @ training).toarray().astype(np.float64)
    nothing = csr_array((1, len(gram)), dtype=np.float32)
    coefficients = solve(gram, nothing, LinearParams(regularisation=100.0, metadata=0.0))

    def score(given: Histories) -> Scores:
        return np.asarray(trial.squared(given) @ coefficients)

    return score
