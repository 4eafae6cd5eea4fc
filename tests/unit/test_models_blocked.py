import numpy as np
import pytest
from scipy.sparse import csr_array, random_array

from batch.models.blocked import WIDTH, BlockedMatrix

SIZES = [1, 40, WIDTH, WIDTH + 1, 2 * WIDTH + 100]


def square(size, seed=1):
    return np.random.default_rng(seed).random((size, size), np.float32)


def likes(size, users=6):
    random = np.random.default_rng(2)
    shape = (users, size)
    return csr_array(random_array(shape, density=0.1, format="csr", dtype=np.float32, rng=random))


def product(matrix, rows):
    return matrix.left_multiply(rows, np.empty(rows.shape, np.float32))


@pytest.mark.parametrize("size", SIZES)
def test_a_product_is_the_dense_product(size):
    dense, rows = square(size), likes(size)

    found = product(BlockedMatrix.from_square(dense), rows)

    np.testing.assert_allclose(found, rows.toarray() @ dense, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size", SIZES)
def test_rows_and_entries_are_where_they_were(size):
    dense = square(size)
    matrix = BlockedMatrix.from_square(dense)
    rows = np.array([0, size - 1], np.int32)
    columns = np.array([size - 1, 0, size // 2], np.int32)

    assert (matrix.row(size - 1) == dense[size - 1]).all()
    places = matrix.row_offsets(rows)[:, None] + matrix.column_offsets(columns)
    assert (matrix.blocks.ravel()[places] == dense[rows][:, columns]).all()


@pytest.mark.parametrize("size", SIZES)
def test_a_row_is_multiplied_alone_as_among_others(size):
    matrix, rows = BlockedMatrix.from_square(square(size)), likes(size)

    together = product(matrix, rows)

    for user in range(6):
        assert product(matrix, rows[user : user + 1]).tobytes() == together[user].tobytes()


def test_nothing_liked_is_nothing_scored():
    matrix = BlockedMatrix.from_square(square(40))

    assert not product(matrix, csr_array((3, 40), dtype=np.float32)).any()


@pytest.mark.parametrize("size", [40, WIDTH + 1])
def test_a_saved_matrix_comes_back(tmp_path, size):
    matrix = BlockedMatrix.from_square(square(size))
    matrix.save(tmp_path / "matrix.npy")

    found = BlockedMatrix.load(tmp_path / "matrix.npy")

    assert (found.size, found.blocks.tobytes()) == (size, matrix.blocks.tobytes())


def test_the_original_is_copied():
    dense = square(3)
    matrix = BlockedMatrix.from_square(dense)
    before = matrix.row(0).copy()

    dense[:] = 0

    assert (matrix.row(0) == before).all()
