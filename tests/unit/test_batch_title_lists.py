import numpy as np
from scipy.sparse import csr_array

from batch.models.likeness import TitleVectors
from batch.params import ListParams
from batch.title_lists import similar_lists
from schemas import ranking_codec
from tests.hybrids import busy, model

RATED, UNRATED = 6, 4
FEATURES = np.zeros((RATED + UNRATED, 3), np.float32)
FEATURES[:RATED, 0] = FEATURES[[RATED, RATED + 1], 1] = FEATURES[RATED + 2, 2] = 1
"""Two unrated titles share a feature of their own, one has one to itself, the last has none."""


def similar(place):
    made = model(busy(RATED, UNRATED), vectors=TitleVectors(csr_array(FEATURES)))
    (payload,) = similar_lists(made, place, place + 1, ListParams())
    return [one.column for one in ranking_codec.decode(payload)]


def test_no_title_is_similar_to_itself():
    assert not [place for place in range(RATED + UNRATED) if place in similar(place)]


def test_titles_without_audience_resemble_what_has_their_features_and_nothing_else():
    assert similar(RATED) == [RATED + 1]
    assert similar(RATED + 2) == similar(RATED + 3) == []
