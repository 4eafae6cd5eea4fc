"""The linear hybrid leg: a full-rank item-item model in closed form, with metadata rows.

EASE (Steck, 2019) on damped strengths, with item features as extra rows of the Gram matrix
(CEASE; Jeunen, Van Balen and Goethals, 2020).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.sparse import csr_array

from batch.models.blocked import BlockedMatrix
from batch.models.legs import Scores, Training
from batch.params import LinearParams
from batch.threads import interruptible
from schemas.errors import SettingsError

_FILE: Final = "coefficients.npy"
_AT_ONCE: Final = 1024


@dataclass(frozen=True, slots=True)
class LinearLeg:
    """Scores are a user's strengths times the coefficients, which explains each of them."""

    coefficients: BlockedMatrix

    def score(self, strengths: csr_array) -> Scores:
        out = np.empty(strengths.shape, np.float32)
        return self.coefficients.left_multiply(strengths, out)

    def save(self, folder: Path) -> None:
        self.coefficients.save(folder / _FILE)


def fit(training: Training) -> LinearLeg:
    """Solve for the coefficients."""
    training.progress(training.stage("linear"), 0, 1)
    params = training.params.linear
    metadata = training.features.weighted(params.rarity)[:, : training.rated]
    square = solve(training.gram, metadata, params)
    training.progress(training.stage("linear"), 1, 1)
    return LinearLeg(BlockedMatrix.from_square(square))


def load(folder: Path) -> LinearLeg:
    """Read what `save` wrote."""
    return LinearLeg(BlockedMatrix.load(folder / _FILE))


def solve(
    gram: NDArray[np.float64], metadata: csr_array, params: LinearParams
) -> NDArray[np.float32]:
    """Coefficients of shape (rated, rated): row i says how much liking i speaks for each title.

    With P the inverse of the regularised Gram matrix, they are -P[i, j] / P[j, j], and zero on
    the diagonal.

    Args:
        gram: (rated, rated), symmetric.
        metadata: weighted feature rows, (features, rated).
        params: regularisation, and the weight of the metadata rows.

    Raises:
        SettingsError: the matrix cannot be factored; more regularisation would help.
    """
    inverse = _regularised(gram, metadata, params)
    interruptible(lambda: _invert(inverse))
    inverse /= -np.diagonal(inverse).copy()
    np.fill_diagonal(inverse, 0.0)
    return inverse


def _regularised(
    gram: NDArray[np.float64], metadata: csr_array, params: LinearParams
) -> NDArray[np.float32]:
    total = np.empty(gram.shape, np.float32)
    columns = metadata.T.tocsr()
    for start in range(0, len(gram), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        total[part] = gram[part] + params.metadata * (columns[part] @ metadata).toarray()
    total[np.diag_indices_from(total)] += np.float32(params.regularisation)
    return total


def _invert(square: NDArray[np.float32]) -> None:
    """Invert a symmetric positive definite matrix in place, by Cholesky.

    LAPACK reads columns first: the transpose of a row-first array is that without a copy.
    """
    factor, failed = lapack.spotrf(square.T, lower=1, overwrite_a=1)
    if failed:
        raise SettingsError(
            "the Gram matrix is not positive definite: raise linear.regularisation in params.yaml"
        )
    lapack.spotri(factor, lower=1, overwrite_c=1)
    _mirror(square)


def _mirror(square: NDArray[np.float32]) -> None:
    """Copy the upper triangle, which LAPACK filled, onto the lower one, block by block."""
    for start in range(0, len(square), _AT_ONCE):
        stop = start + _AT_ONCE
        corner = square[start:stop, start:stop]
        corner[:] = np.triu(corner) + np.triu(corner, 1).T
        square[stop:, start:stop] = square[start:stop, stop:].T
