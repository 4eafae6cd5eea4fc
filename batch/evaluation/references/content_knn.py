"""A title is as good for a user as what they like resembles it: cosines of all metadata."""

import numpy as np

from batch.dataset import Histories
from batch.evaluation.trial import Scorer, Trial
from batch.features import unit_columns
from batch.models.legs import Scores

_RARITY = 0.5
_SHARPNESS = 3
"""Cosines to this power: near relatives, such as seasons, must outweigh many that share a genre."""


def fit(trial: Trial) -> Scorer:
    rows = unit_columns(trial.titles.features.weighted(_RARITY)).T.tocsr()
    cosines = (rows[trial.rated] @ rows[trial.candidates].T).toarray().astype(np.float32)
    alike = cosines**_SHARPNESS

    def score(given: Histories) -> Scores:
        return np.asarray(trial.squared(given) @ alike)

    return score
