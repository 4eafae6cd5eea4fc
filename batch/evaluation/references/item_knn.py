"""Item-kNN of `implicit`: cosines of TF-IDF weighted columns, the hundred nearest of each title."""

from typing import Final

from implicit.nearest_neighbours import ItemItemRecommender, normalize, tfidf_weight
from scipy.sparse import csr_array, csr_matrix

from batch.dataset import Histories
from batch.evaluation.trial import Scorer, Trial
from batch.models.legs import Scores

_NEIGHBOURS: Final = 100


def fit(trial: Trial) -> Scorer:
    training = trial.squared(trial.split.training)
    # What implicit's TFIDFRecommender does, but for a matrix in the form that its own base wants.
    weights = csr_matrix(normalize(tfidf_weight(training.T)).T)
    model = ItemItemRecommender(K=_NEIGHBOURS)
    model.fit(weights, show_progress=False)
    similar = csr_array(model.similarity)

    def score(given: Histories) -> Scores:
        scores: Scores = (trial.squared(given) @ similar).toarray()
        return scores

    return score
