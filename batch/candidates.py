"""What the ranker looks at: a user's best candidates, described by numbers. Pure.

Beside the legs' scores these say what no linear leg can: how much of what a candidate is the user
has watched, and how they liked it; how old, how popular and how well rated it is, and how that
compares with the user's own titles.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from batch.features import Features
from batch.signals import Tastes

Values = NDArray[np.float32]
Kept = NDArray[np.intp]

FACETS: Final = (
    ("title",),
    ("genres", "themes", "demographics", "tags"),
    ("studios",),
    ("source",),
    ("type",),
)
"""Families of features that are looked at together."""
_LIKING_PRIOR: Final = np.float32(5)
"""Titles of average liking that every feature of a user starts with."""
_DECADE: Final = np.float32(10)


@dataclass(frozen=True)
class Traits:
    """What is known of each rated title, in model order.

    `popularity` is from 0 to 1, `rating` a damped mean, `year` its first one, all (rated,).
    Each of `facets` is (rated, features of the facet); a title's row sums to one, or is empty.
    """

    popularity: Values
    rating: Values
    year: Values
    facets: tuple[csr_array, ...]

    @cached_property
    def indicators(self) -> tuple[csr_array, ...]:
        """Which title has which feature of each facet, 0/1."""
        return tuple(
            csr_array((np.ones_like(one.data), one.indices, one.indptr), one.shape)
            for one in self.facets
        )


def facets_of(features: Features, rarity: float) -> tuple[csr_array, ...]:
    """Cut features, (features, titles), into facets whose rows, one a title, sum to one.

    A rare feature counts more than a common one, as in the linear leg.
    """
    weighted = features.weighted(rarity)
    families = np.array([family for family, _ in features.names], dtype=str)
    return tuple(_shares(weighted[np.isin(families, facet)].T.tocsr()) for facet in FACETS)


def _shares(rows: csr_array) -> csr_array:
    sums = np.maximum(np.asarray(rows.sum(axis=1)).ravel(), np.finfo(np.float32).tiny)
    data = rows.data / np.repeat(sums, np.diff(rows.indptr)).astype(np.float32)
    return csr_array((data.astype(np.float32), rows.indices, rows.indptr), rows.shape)


def describe(traits: Traits, tastes: Tastes, standardised: Sequence[Values], kept: Kept) -> Values:
    """Describe each candidate, shape (users, candidates, numbers).

    Args:
        traits: of the rated titles.
        tastes: of the users.
        standardised: each leg's scores of the candidates, and their popularity, less the mean, by
            the spread of all titles.
        kept: positions of the candidates, (users, candidates).
    """
    counts = np.diff(tastes.strengths.indptr)
    logs = np.log1p(counts).astype(np.float32)[:, None]
    year, decades = traits.year[kept], _mean_year(traits, tastes.strengths)
    columns = [
        *standardised,
        traits.rating[kept],
        (year - 2000) / _DECADE,
        (year - decades[:, None]) / _DECADE,
        np.broadcast_to(logs, kept.shape),
        np.broadcast_to(_mean_rating(traits, tastes)[:, None], kept.shape),
        *_matches(traits, tastes, logs, kept),
    ]
    return np.stack(columns, axis=-1, dtype=np.float32)


def _mean_rating(traits: Traits, tastes: Tastes) -> Values:
    overall = traits.rating.mean() if len(traits.rating) else np.float32(0)
    return np.where(tastes.ratings > 0, tastes.ratings, overall)


def _mean_year(traits: Traits, strengths: csr_array) -> Values:
    sums = np.asarray(strengths.sum(axis=1), np.float32).ravel()
    overall = np.float32(traits.year.mean()) if len(traits.year) else np.float32(0)
    found: Values = (strengths @ traits.year) / np.maximum(sums, np.finfo(np.float32).tiny)
    return np.where(sums > 0, found, overall)


def _matches(traits: Traits, tastes: Tastes, logs: Values, kept: Kept) -> Iterator[Values]:
    """For each facet: how common the candidate's features are among the user's titles, and how
    much better than others the user rates titles that have them.
    """
    watched = csr_array(
        (np.ones_like(tastes.strengths.data), tastes.strengths.indices, tastes.strengths.indptr),
        tastes.strengths.shape,
    )
    for facet, has in zip(traits.facets, traits.indicators, strict=True):
        seen: Values = (watched @ has).toarray()
        liked: Values = (tastes.liking @ has).toarray() / (seen + _LIKING_PRIOR)
        for of_user, base in ((np.log1p(seen), logs), (liked, np.float32(0))):
            of_title: Values = (facet @ np.ascontiguousarray(of_user.T)).T
            yield np.take_along_axis(of_title, kept, axis=1) - base
