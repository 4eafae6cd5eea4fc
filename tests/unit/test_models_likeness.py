import numpy as np
import pytest
from scipy.sparse import csr_array, random_array

from batch.models.likeness import TitleVectors, spread


def vectors(rows):
    return TitleVectors.of(csr_array(np.float32(rows).T))


def test_cosines_are_those_of_the_feature_vectors():
    found = vectors([[1, 1, 0], [1, 0, 0], [0, 0, 2]]).cosines(0, 3)

    half = 1 / np.sqrt(2)
    np.testing.assert_allclose(found, [[1, half, 0], [half, 1, 0], [0, 0, 1]], atol=1e-6)


def test_common_and_rare_features_together_give_the_whole_cosine():
    random = np.random.default_rng(2)
    features = random_array((80, 150), density=0.02, format="csr", dtype=np.float32, rng=random)
    features = csr_array(features) + csr_array(np.float32([[1] * 150] + [[0] * 150] * 79))
    dense = features.toarray() / np.linalg.norm(features.toarray(), axis=0)

    found = TitleVectors.of(features).cosines(10, 30)

    np.testing.assert_allclose(found, (dense.T @ dense)[10:30], atol=1e-5)


def test_a_title_without_features_resembles_nothing():
    assert vectors([[0, 0], [1, 0]]).cosines(0, 2).tolist() == [[0, 0], [0, 1]]


def test_an_unrated_title_takes_its_score_from_its_nearest_rated_ones():
    shelf = vectors([[1, 0, 0], [1, 1, 0], [0, 0, 1], [1, 0, 0]])

    weights = spread(shelf, 3, neighbours=2, damping=0.5).toarray()

    assert weights.shape == (3, 1)
    assert weights.sum() == pytest.approx(0.5)
    assert weights[0, 0] > weights[1, 0] > weights[2, 0] == 0


def test_no_more_neighbours_than_asked_for_are_looked_at():
    shelf = vectors([[1, 0], [1, 1], [1, 2], [1, 0]])

    weights = spread(shelf, 3, neighbours=1, damping=0.3).toarray()

    np.testing.assert_allclose(weights, [[0.3], [0], [0]], rtol=1e-6)


def test_more_neighbours_than_rated_titles_are_all_of_them():
    weights = spread(vectors([[1, 0], [1, 1], [1, 0]]), 2, neighbours=10, damping=1.0)

    assert weights.toarray().sum() == pytest.approx(1.0)


def test_an_unrated_title_that_shares_nothing_has_no_weights():
    weights = spread(vectors([[1, 0], [0, 1]]), 1, neighbours=2, damping=0.3)

    assert weights.nnz == 0
    assert np.isfinite(weights.toarray()).all()


def test_a_catalogue_without_unrated_titles_needs_no_weights():
    assert spread(vectors([[1, 0], [0, 1]]), 2, neighbours=2, damping=0.3).shape == (2, 0)
