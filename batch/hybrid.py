"""The legs, their blend and the ranker: from what users like to an order of the rated titles."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from batch.candidates import Traits, describe
from batch.models.blend import FEW, Weights, blend, moments, of_users
from batch.models.legs import Leg, Scores
from batch.models.ranker import Ranker
from batch.ranking import largest
from batch.signals import Tastes

_PRIOR: Final = np.float32(1e-4)
"""Least weight of popularity: it decides where nothing else does, as for a user of plans."""


@dataclass(frozen=True, slots=True)
class Shortlist:
    """The best blended titles of some users.

    `kept` are their positions, `base` their blended scores by the spread of the user's, both
    (users, candidates); `described` is what the ranker sees, (users, candidates, numbers).
    """

    kept: NDArray[np.intp]
    base: Scores
    described: Scores


@dataclass(frozen=True)
class Hybrid:
    """All that orders the rated titles of one catalogue.

    `blend` has each leg's weights by length of history; `candidates` is how many of the best
    blended titles a ranker puts in order: `newcomers` for users with at most FEW titles, `ranker`
    for the others.
    """

    legs: Sequence[Leg]
    blend: Weights
    ranker: Ranker
    newcomers: Ranker
    traits: Traits
    candidates: int

    def score(self, strengths: csr_array) -> list[Scores]:
        """Each leg's scores, every one (users, rated)."""
        return [leg.score(strengths) for leg in self.legs]

    def blended(self, scores: Sequence[Scores], lengths: NDArray[np.integer]) -> Scores:
        """The legs' scores added up, (users, rated), in the units of the first leg.

        `lengths`, (users,), says how many titles each user likes.
        """
        popularity = self.traits.popularity
        weights = of_users(self.blend, lengths)
        total = blend([*scores, popularity[None, :]], weights)
        total += _PRIOR * popularity
        return total

    def shortlist(self, scores: Sequence[Scores], blended: Scores, tastes: Tastes) -> Shortlist:
        """Describe the best candidates; minus infinity in `blended` marks what is none."""
        kept = largest(blended, min(self.candidates, blended.shape[1]))
        _, spread = moments(scores[0])
        base = np.take_along_axis(blended, kept, axis=1) / spread
        popularity = np.broadcast_to(self.traits.popularity, blended.shape)
        standardised = [_standardised(leg, kept) for leg in (*scores, popularity)]
        return Shortlist(kept, base, describe(self.traits, tastes, standardised, kept))

    def in_order(self, scores: Sequence[Scores], blended: Scores, tastes: Tastes) -> Scores:
        """`blended` with the best candidates in their final order, and without all others.

        Both are (users, rated), with minus infinity for what is no candidate.
        """
        short = self.shortlist(scores, blended, tastes)
        _, spread = moments(scores[0])
        found = np.full_like(blended, -np.inf)
        values = spread * (short.base + self._corrections(short.described, tastes))
        np.put_along_axis(found, short.kept, values, axis=1)
        return found

    def _corrections(self, described: Scores, tastes: Tastes) -> Scores:
        new = np.diff(tastes.strengths.indptr) <= FEW
        found = np.empty(described.shape[:-1], np.float32)
        found[new] = self.newcomers.corrections(described[new])
        found[~new] = self.ranker.corrections(described[~new])
        return found


def _standardised(leg: Scores, kept: NDArray[np.intp]) -> Scores:
    mean, spread = moments(leg)
    found: Scores = (np.take_along_axis(leg, kept, axis=1) - mean) / spread
    return found
