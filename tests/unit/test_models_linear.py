import numpy as np
import pytest
from scipy.sparse import csr_array

from batch.models import linear
from batch.models.blocked import BlockedMatrix
from batch.models.linear import LinearLeg, solve
from batch.params import LinearParams
from schemas.errors import SettingsError

PARAMS = LinearParams(regularisation=2.0, metadata=0.5)


def no_metadata(titles):
    return csr_array((0, titles), dtype=np.float32)


def random_case(titles, features=7, seed=5):
    random = np.random.default_rng(seed)
    rows = random.random((titles + 20, titles))
    metadata = csr_array((random.random((features, titles)) < 0.2).astype(np.float32))
    return rows.T @ rows, metadata


def textbook(gram, metadata, params):
    dense = metadata.toarray().astype(np.float64)
    total = gram + params.metadata * dense.T @ dense + params.regularisation * np.eye(len(gram))
    inverse = np.linalg.inv(total)
    B = inverse / -np.diag(inverse)
    np.fill_diagonal(B, 0)
    return B


@pytest.mark.parametrize("titles", [1, 2, 30])
def test_it_solves_the_textbook_formula(titles):
    gram, metadata = random_case(titles)

    found = solve(gram, metadata, PARAMS)

    np.testing.assert_allclose(found, textbook(gram, metadata, PARAMS), rtol=1e-3, atol=1e-5)


def test_more_titles_than_fit_in_one_part_are_solved_too():
    random = np.random.default_rng(1)
    gram, metadata = np.diag(random.random(1100) + 1), csr_array(np.ones((1, 1100), np.float32))

    found = solve(gram, metadata, PARAMS)

    np.testing.assert_allclose(found, textbook(gram, metadata, PARAMS), rtol=1e-3, atol=1e-6)


def test_the_gram_matrix_is_left_as_it_was():
    gram, metadata = random_case(10)
    before = gram.copy()

    solve(gram, metadata, PARAMS)

    assert (gram == before).all()


def test_two_titles_that_are_always_liked_together_recommend_each_other():
    likes = np.array([[1, 1, 0, 0]] * 6 + [[0, 0, 1, 0]] * 6 + [[0, 0, 0, 1]] * 6, np.float64)
    leg = LinearLeg(BlockedMatrix.from_square(solve(likes.T @ likes, no_metadata(4), PARAMS)))

    first, second = leg.score(csr_array(np.float32([[1, 0, 0, 0], [0, 1, 0, 0]])))

    assert first.argmax() == 1
    assert second.argmax() == 0
    assert first[1] > 0.5


def test_shared_metadata_brings_titles_together_that_nobody_liked_together():
    gram = np.eye(3) * 5
    metadata = csr_array(np.float32([[1, 1, 0]]))

    found = solve(gram, metadata, PARAMS)

    assert found[0, 1] > found[0, 2] == 0


def test_a_matrix_that_cannot_be_factored_asks_for_regularisation():
    with pytest.raises(SettingsError, match=r"raise linear\.regularisation"):
        solve(-np.eye(3) * 9, no_metadata(3), PARAMS)


def test_a_saved_leg_scores_the_same_after_reload(tmp_path):
    gram, metadata = random_case(20)
    leg = LinearLeg(BlockedMatrix.from_square(solve(gram, metadata, PARAMS)))
    rows = csr_array(np.eye(20, dtype=np.float32))
    leg.save(tmp_path)

    loaded = linear.load(tmp_path)

    assert (loaded.score(rows) == leg.score(rows)).all()
