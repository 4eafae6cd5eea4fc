"""Groups of rows that point the same way: spherical k-means (Dhillon and Modha, 2001). Pure.

Rows and centres lie on grids, so no product and no sum is rounded: the same rows make the same
groups on any machine.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from batch.models import exact
from batch.models.exact import Rows

Members = NDArray[np.intp]

_ROUNDS: Final = 50
_STARTS: Final = 16
"""The best of so many counts: a few people more or less then hardly make other groups."""
_SEED: Final = 1


def clusters(rows: Rows, groups: int) -> Members:
    """The group of each row, from 0 to `groups` - 1; some may stay empty.

    Args:
        rows: from exact.unit_tastes, at least one, shape (rows, width).
        groups: how many.
    """
    random = np.random.default_rng(_SEED)
    with threadpool_limits(1, "blas"):  # products are small: threads would wait for one another
        found = [_clustered(rows, _apart(rows, groups, random)) for _ in range(_STARTS)]
    return max(found, key=lambda one: one[0])[1]


def _clustered(rows: Rows, centres: Rows) -> tuple[float, Members]:
    """How well rows fit the groups that come of some centres, and these groups."""
    members = np.full(len(rows), -1)
    for _ in range(_ROUNDS):
        fits = rows @ centres.T
        nearest = fits.argmax(axis=1)
        if (nearest == members).all():
            break
        members = nearest
        centres = exact.unit_titles(_sums(rows, members, len(centres)))
    return float(fits.max(axis=1).sum(dtype=np.float64)), members


def _sums(rows: Rows, members: Members, groups: int) -> Rows:
    chosen = (members == np.arange(groups)[:, None]).astype(np.float64)
    sums: Rows = (chosen @ rows.astype(np.float64)).astype(np.float32)
    return sums


def _apart(rows: Rows, groups: int, random: np.random.Generator) -> Rows:
    """Rows to start from, each likely to be far from those before (k-means++)."""
    chosen = [int(random.integers(len(rows)))]
    nearest = rows @ rows[chosen[0]]
    while len(chosen) < groups:
        far = np.cumsum(np.maximum(1 - nearest.astype(np.float64), 0))
        chosen.append(min(int(np.searchsorted(far, random.random() * far[-1])), len(rows) - 1))
        nearest = np.maximum(nearest, rows @ rows[chosen[-1]])
    return exact.unit_titles(rows[chosen])
