"""A trained hybrid: from a block of users to scores for every title of the catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol, cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from batch import signals
from batch.dataset import Histories
from batch.models.blend import blend
from batch.models.blocked import BlockedMatrix
from batch.models.content import TitleVectors
from batch.models.legs import PEOPLE, Leg, PeopleLeg, Scores
from schemas.manifests import ModelManifest

BLOCK: Final = 256
"""Users scored together. Smaller blocks are padded, so that nobody's scores depend on a crowd."""
_PRIOR: Final = np.float32(1e-4)
"""Weight of popularity: it only decides where nothing else does, as for a user of plans."""


class ExplainingLeg(Leg, Protocol):
    """The first leg: linear, so that its coefficients explain every score."""

    @property
    def coefficients(self) -> BlockedMatrix: ...


@dataclass(frozen=True)
class Model:
    """The legs of one model over one catalogue.

    Inside, titles are in model order: the rated ones first, most watched first, then the
    unrated ones. `columns` gives the catalogue column of each, shape (anime,). `spread`,
    (rated, unrated), scores the unrated ones; `vectors` holds their metadata; `popularity`,
    (rated,), is from 0 to 1.
    """

    manifest: ModelManifest
    linear: ExplainingLeg
    others: Sequence[Leg]
    columns: NDArray[np.int32]
    spread: csr_array
    vectors: TitleVectors
    popularity: NDArray[np.float32]

    @property
    def anime(self) -> int:
        return len(self.columns)

    @property
    def rated(self) -> int:
        return len(self.popularity)

    @cached_property
    def positions(self) -> NDArray[np.int32]:
        """Where each catalogue column is in model order, shape (anime,)."""
        where = np.empty(self.anime, np.int32)
        where[self.columns] = np.arange(self.anime, dtype=np.int32)
        return where

    @cached_property
    def _rated_positions(self) -> NDArray[np.int32]:
        return np.where(self.positions < self.rated, self.positions, -1).astype(np.int32)

    @cached_property
    def _strengths(self) -> NDArray[np.float32]:
        return signals.lookup(self.manifest.strengths)

    @cached_property
    def _to_unrated(self) -> csr_array:
        return self.spread.T.tocsr()

    def strengths(self, histories: Histories) -> csr_array:
        """What each user likes, shape (users, rated)."""
        return signals.weighted(histories, self._strengths, self._rated_positions, self.rated)

    def score(self, strengths: csr_array) -> Scores:
        """Blended scores in model order, shape (users, anime), for at most BLOCK users."""
        users = strengths.shape[0]
        rows = padded(strengths)
        weights = list(self.manifest.blend.values())
        rated = blend([leg.score(rows) for leg in (self.linear, *self.others)], weights)
        rated += _PRIOR * self.popularity
        return self.with_unrated(rated)[:users]

    def user_vectors(self, strengths: csr_array) -> NDArray[np.float32]:
        """Where users are in the space of tastes, (users, factors), for at most BLOCK users."""
        leg = cast(PeopleLeg, self.others[list(self.manifest.blend).index(PEOPLE) - 1])
        return leg.vectors(padded(strengths))[: strengths.shape[0]]

    def with_unrated(self, rated: Scores) -> Scores:
        """Add columns for the unrated titles to scores of shape (users, rated)."""
        scores = np.empty((len(rated), self.anime), np.float32)
        scores[:, : self.rated] = rated
        if self.anime > self.rated:
            scores[:, self.rated :] = (self._to_unrated @ np.ascontiguousarray(rated.T)).T
        return scores

    @cached_property
    def sources(self) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The rated titles that each unrated one takes its score from, and their weights.

        Both of shape (unrated, most sources of any), filled up with weights of zero.
        """
        starts = self._to_unrated.indptr
        lengths = np.diff(starts)
        filled = np.arange(max(int(lengths.max(initial=0)), 1)) < lengths[:, None]
        sources, weights = np.zeros(filled.shape, np.int32), np.zeros(filled.shape, np.float32)
        sources[filled], weights[filled] = self._to_unrated.indices, self._to_unrated.data
        return sources, weights


def padded(strengths: csr_array) -> csr_array:
    """Add empty rows up to BLOCK users."""
    users, width = strengths.shape
    if users > BLOCK:
        raise ValueError(f"a block holds at most {BLOCK} users, got {users}")
    starts = np.append(strengths.indptr, np.full(BLOCK - users, strengths.indptr[-1]))
    return csr_array((strengths.data, strengths.indices, starts), (BLOCK, width))
