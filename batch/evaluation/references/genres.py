"""What the references for cold titles share."""

import numpy as np
from numpy.typing import NDArray

from batch.evaluation.trial import Trial
from batch.models.legs import Scores


def mean_over_genres(liking: NDArray[np.float32], trial: Trial) -> Scores:
    """Score each candidate by the mean over its genres of how much each genre is liked.

    Args:
        liking: shape (users, genres).
        trial: whose candidates.

    Returns:
        Shape (users, candidates); 0 for a title without genres.
    """
    theirs = trial.titles.genres[trial.candidates].T.tocsr()
    count = np.maximum(np.asarray(theirs.sum(axis=0)).ravel(), 1)
    scores: Scores = (liking @ theirs) / count
    return scores.astype(np.float32)
