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
from batch.hybrid import Hybrid
from batch.models.blend import FEW, moments
from batch.models.blocked import BlockedMatrix
from batch.models.legs import LEGS, PEOPLE, Leg, PeopleLeg, Scores
from batch.models.likeness import TitleVectors
from batch.ranking import best_first, largest
from schemas.manifests import ModelManifest

_NEW: Final = 20
_APART: Final = 9
"""Rated titles before each one that nobody has rated."""
BLOCK: Final = 256
"""Users scored together. Smaller blocks are padded, so that nobody's scores depend on a crowd."""


class ExplainingLeg(Leg, Protocol):
    """The first leg: linear, so that its coefficients explain every score."""

    @property
    def coefficients(self) -> BlockedMatrix: ...


class FeatureLeg(Leg, Protocol):
    """The last leg: it knows titles by their features, so also those that nobody has rated."""

    def score_unrated(self, strengths: csr_array) -> Scores:
        """Shape (users, unrated), in the units of `score`."""


@dataclass(frozen=True)
class Model:
    """A hybrid over one catalogue, with the titles that nobody has rated.

    Inside, titles are in model order: the rated ones first, most watched first, then the
    unrated ones. `columns` gives the catalogue column of each, shape (anime,). `spread`,
    (rated, unrated), says which rated titles an unrated one looks like; `vectors` holds the
    titles' metadata.
    """

    manifest: ModelManifest
    hybrid: Hybrid
    columns: NDArray[np.int32]
    spread: csr_array
    vectors: TitleVectors

    @property
    def anime(self) -> int:
        return len(self.columns)

    @property
    def rated(self) -> int:
        return len(self.hybrid.traits.popularity)

    @property
    def linear(self) -> ExplainingLeg:
        return cast(ExplainingLeg, self.hybrid.legs[0])

    @property
    def content(self) -> FeatureLeg:
        return cast(FeatureLeg, self.hybrid.legs[-1])

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
        rows = padded(strengths)
        scores = self.hybrid.score(rows)
        blended = self.hybrid.blended(scores, np.diff(rows.indptr))
        return self._with_new(blended, rows, scores)[: strengths.shape[0]]

    def resembling(self, strengths: csr_array) -> Scores:
        """As `score`, but as if nobody were a newcomer: what goes with some titles, however few.

        The popularity that newcomers are served says nothing about what resembles what.
        """
        rows = padded(strengths)
        scores = self.hybrid.score(rows)
        blended = self.hybrid.blended(scores, np.full(BLOCK, FEW + 1))
        return self._with_new(blended, rows, scores)[: strengths.shape[0]]

    def recommend(self, histories: Histories) -> Scores:
        """Final scores in model order, shape (users, anime), for at most BLOCK users.

        Minus infinity where a title is in the user's history, or too far down the blend for the
        ranker to look at.
        """
        users, tastes = len(histories), self._tastes(histories)
        scores = self.hybrid.score(tastes.strengths)
        blended = self.hybrid.blended(scores, np.diff(tastes.strengths.indptr))
        found = self._with_new(blended, tastes.strengths, scores)
        found[histories.rows, self.positions[histories.columns]] = -np.inf
        rated, new = np.split(found, [self.rated], axis=1)
        rated[:] = self.hybrid.in_order(scores, rated, tastes)
        new[:] = held_back(new, rated)
        return found[:users]

    def _tastes(self, histories: Histories) -> signals.Tastes:
        """Of a padded block."""
        found = signals.tastes(histories, self._strengths, self._rated_positions, self.rated)
        ratings = np.zeros(BLOCK, np.float32)
        ratings[: len(histories)] = found.ratings
        return signals.Tastes(padded(found.strengths), padded(found.liking), ratings)

    def _with_new(self, blended: Scores, strengths: csr_array, scores: Sequence[Scores]) -> Scores:
        """Add columns for the unrated titles: what they look like, and the content leg's guess.

        A standard deviation with the content leg counts `novelty` of the blend's: less than one,
        so that a guess does not push a proven title aside.
        """
        found = self.with_unrated(blended)
        if self.anime > self.rated:
            (_, scale), (mean, spread) = moments(scores[0]), moments(scores[-1])
            new = self.content.score_unrated(strengths)
            new -= mean
            new *= np.float32(self.manifest.novelty) * scale / spread
            found[:, self.rated :] += new
        return found

    def user_vectors(self, strengths: csr_array) -> NDArray[np.float32]:
        """Where users are in the space of tastes, (users, factors), for at most BLOCK users."""
        leg = cast(PeopleLeg, self.hybrid.legs[LEGS.index(PEOPLE)])
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


def held_back(new: Scores, rated: Scores) -> Scores:
    """Scores of titles without ratings, lowered so that few of them stand among rated ones.

    Of every ten places at most the last may go to such a title, twenty in all; the others come
    after everything that is rated. Their order among themselves stays.

    Args:
        new: shape (users, unrated).
        rated: shape (users, rated); minus infinity for what is no candidate.
    """
    most = min(_NEW, new.shape[1])
    if not most:
        return new
    order = best_first(new, most)
    first = np.take_along_axis(new, order, axis=1)
    ceilings = _ceilings(rated, most)
    rest = new.copy()
    np.put_along_axis(rest, order, np.where(ceilings > -np.inf, -np.inf, first), axis=1)
    lowest = np.where(rated > -np.inf, rated, np.inf).min(axis=1, keepdims=True)
    floor = np.nextafter(lowest, np.float32(-np.inf))
    highest = rest.max(axis=1, keepdims=True)
    found = np.where(highest > floor, rest - np.maximum(highest, floor) + floor, rest)
    capped = np.where(
        ceilings > -np.inf, np.minimum(first, ceilings), np.take_along_axis(found, order, axis=1)
    )
    np.put_along_axis(found, order, capped, axis=1)
    return found


def _ceilings(rated: Scores, most: int) -> Scores:
    """Of every nine rated titles, best first, the last one's score, shape (users, most).

    Minus infinity where there are no nine.
    """
    users, titles = rated.shape
    best = largest(rated, min(_APART * most, titles))
    found = np.full((users, _APART * most), -np.inf, np.float32)
    found[:, : best.shape[1]] = -np.sort(-np.take_along_axis(rated, best, axis=1), axis=1)
    return found[:, _APART - 1 :: _APART]


def padded(strengths: csr_array) -> csr_array:
    """Add empty rows up to BLOCK users."""
    users, width = strengths.shape
    if users > BLOCK:
        raise ValueError(f"a block holds at most {BLOCK} users, got {users}")
    starts = np.append(strengths.indptr, np.full(BLOCK - users, strengths.indptr[-1]))
    return csr_array((strengths.data, strengths.indices, starts), (BLOCK, width))
