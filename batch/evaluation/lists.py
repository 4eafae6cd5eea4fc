"""What lists are like beside being right: new, varied, rare, full of sequels. Pure.

Lists are catalogue columns of shape (users, length), with NOTHING behind the last title.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from batch.dataset import Histories
from batch.evaluation.metrics import NOTHING
from batch.evaluation.titles import NO_FRANCHISE
from batch.features import unit_columns

Lists = NDArray[np.int32]
Values = NDArray[np.float64]

_LARGEST_ID: Final = 2**31


def shown(lists: Lists) -> int:
    """How many titles are in anybody's list."""
    return len(np.unique(lists[lists != NOTHING]))


def novelty(lists: Lists, watchers: NDArray[np.int64], users: int) -> Values:
    """Mean self-information of a list in bits: minus log2 of the share of users who know a title.

    A title that nobody knows counts as if one user did (Vargas and Castells, 2011).
    """
    shares = np.maximum(watchers, 1) / max(users, 1)
    return _mean_over(lists, -np.log2(np.minimum(shares, 1)))


def popularity(lists: Lists, watchers: NDArray[np.int64]) -> Values:
    """Mean number of training users who have watched a list's titles."""
    return _mean_over(lists, watchers.astype(np.float64))


def diversity(lists: Lists, genres: csr_array) -> Values:
    """One minus the mean cosine of the genres of two titles of a list, 0 for a list of one.

    Args:
        lists: the lists.
        genres: 0/1 of shape (anime, genres); a title without any is like no other.
    """
    unit = unit_columns(genres.T.tocsr()).T.tocsr()
    rows, columns = _filled(lists)
    member = csr_array((np.ones(len(rows)), (rows, columns)), (len(lists), unit.shape[0]))
    sums = (member @ unit).toarray()
    own = np.asarray((member @ unit.multiply(unit).tocsr()).sum(axis=1)).ravel()
    pairs = _lengths(lists) * (_lengths(lists) - 1)
    alike = ((sums**2).sum(axis=1) - own) / np.maximum(pairs, 1)
    return np.where(pairs > 0, 1 - alike, 0.0)


def sequels(lists: Lists, owned: Histories, franchises: NDArray[np.int32]) -> Values:
    """Share of a list whose franchise its user has an entry of.

    Args:
        lists: the lists.
        owned: what their users have.
        franchises: an id for each title, (anime,); NO_FRANCHISE marks a title without.
    """
    theirs = owned.rows * _LARGEST_ID + franchises[owned.columns]
    rows, columns = _filled(lists)
    ids = franchises[columns]
    started = np.isin(rows * _LARGEST_ID + ids, theirs) & (ids != NO_FRANCHISE)
    counts = np.bincount(rows[started], minlength=len(lists))
    return counts / np.maximum(_lengths(lists), 1)


def _mean_over(lists: Lists, value: Values) -> Values:
    filled = lists != NOTHING
    sums: Values = np.where(filled, value[lists], 0.0).sum(axis=1)
    means: Values = sums / np.maximum(filled.sum(axis=1), 1)
    return means


def _lengths(lists: Lists) -> NDArray[np.int64]:
    lengths: NDArray[np.int64] = (lists != NOTHING).sum(axis=1)
    return lengths


def _filled(lists: Lists) -> tuple[NDArray[np.int64], Lists]:
    rows, places = np.nonzero(lists != NOTHING)
    return rows, lists[rows, places]
