"""A title is as good for a user as its genres are popular with that very user."""

import numpy as np

from batch.dataset import Histories
from batch.evaluation.references.genres import mean_over_genres
from batch.evaluation.trial import Scorer, Trial
from batch.models.legs import Scores


def fit(trial: Trial) -> Scorer:
    """Popularity of a genre with a user: squared ratings a training title that has it, unseen as 0.

    So it is the popularity of the genre among everybody, with that user alone asked; summed
    instead, large genres would always win.
    """
    genres = trial.titles.genres[trial.rated]
    titles = np.maximum(np.asarray(genres.sum(axis=0)).ravel(), 1)

    def score(given: Histories) -> Scores:
        profile = (trial.squared(given) @ genres).toarray() / titles
        return mean_over_genres(profile.astype(np.float32), trial)

    return score
