"""Small hybrids whose legs are tables, so that a test can say what comes out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from batch.candidates import FACETS, Traits
from batch.hybrid import Hybrid
from batch.models.blend import KNOTS, POPULARITY, Weights
from batch.models.legs import LEGS
from batch.models.likeness import TitleVectors
from batch.models.ranker import Ranker, neutral, on_grids
from batch.params import StrengthParams
from batch.scoring import Model
from batch.signals import Tastes, lookup, tastes
from schemas.manifests import ModelManifest
from tests.datasets import histories

NUMBERS = len(LEGS) + 1 + 5 + 2 * len(FACETS)
"""How many numbers describe a candidate."""
TABLE = lookup(StrengthParams().table())


@dataclass(frozen=True)
class TableLeg:
    """Scores are strengths times a table, (rated, anime); one sum does not depend on others."""

    table: NDArray[np.float32]

    def score(self, strengths: csr_array) -> NDArray[np.float32]:
        return strengths @ np.ascontiguousarray(self.table[:, : strengths.shape[1]])

    def score_unrated(self, strengths: csr_array) -> NDArray[np.float32]:
        return strengths @ np.ascontiguousarray(self.table[:, strengths.shape[1] :])

    def save(self, folder: Path) -> None:
        raise NotImplementedError


def traits(rated: int, **parts: Any) -> Traits:
    """Equally popular titles of one year without features, but for what is said."""
    nothing = csr_array((rated, 1), dtype=np.float32)
    facts = {
        "popularity": np.full(rated, 0.5, np.float32),
        "rating": np.full(rated, 7, np.float32),
        "year": np.full(rated, 2000, np.float32),
        "facets": (nothing,) * len(FACETS),
    }
    return Traits(**(facts | parts))


def shares(rows: object) -> csr_array:
    """A facet: 0/1 rows, one a title, made to sum to one."""
    dense = np.array(rows, np.float32)
    return csr_array(dense / np.maximum(dense.sum(axis=1, keepdims=True), 1))


def weights(**of_legs: float) -> Weights:
    """The same at every length of history; the first leg counts 1, what is not named 0."""
    return {
        name: [of_legs.get(name, float(name == LEGS[0]))] * len(KNOTS)
        for name in (*LEGS, POPULARITY)
    }


def hybrid(*tables: object, **parts: Any) -> Hybrid:
    """Legs by their tables, the missing ones silent; rankers that change nothing."""
    dense = [np.array(one, np.float32) for one in tables]
    dense += [np.zeros_like(dense[0])] * (len(LEGS) - len(dense))
    facts = {
        "legs": [TableLeg(one) for one in dense],
        "blend": weights(),
        "ranker": neutral(1.0),
        "newcomers": neutral(1.0),
        "traits": traits(len(dense[0])),
        "candidates": 200,
    }
    return Hybrid(**(facts | parts))


def model(made: Hybrid, **parts: Any) -> Model:
    """Rated titles first; unrated ones are those that the last leg knows besides."""
    rated, anime = made.legs[-1].table.shape
    manifest = ModelManifest(
        *("", "", "", ""),
        anime=anime,
        rated=rated,
        blend=dict(made.blend),
        candidates=made.candidates,
        novelty=0.6,
        strengths=StrengthParams().table(),
        metrics={},
    )
    facts = {
        "columns": np.arange(anime, dtype=np.int32),
        "spread": csr_array((rated, anime - rated), dtype=np.float32),
        "vectors": TitleVectors(csr_array((anime, 1), dtype=np.float32)),
    }
    return Model(manifest, made, **(facts | parts))


def busy(rated: int, unrated: int = 0, seed: int = 1) -> Hybrid:
    """Everything at random and everything with a say."""
    random = np.random.default_rng(seed)
    tables = [random.normal(size=(rated, rated)) for _ in LEGS[1:]]
    known = traits(
        rated,
        popularity=random.random(rated, np.float32),
        rating=random.uniform(5, 9, rated).astype(np.float32),
        year=random.integers(1980, 2020, rated).astype(np.float32),
        facets=tuple(shares(random.random((rated, 40)) < 0.2) for _ in FACETS),
    )
    return hybrid(
        *tables,
        random.normal(size=(rated, rated + unrated)),
        blend=weights(people=0.3, content=0.2, popularity=0.1),
        ranker=ranker(seed),
        newcomers=ranker(seed + 1),
        traits=known,
        candidates=max(rated // 2, 1),
    )


def ranker(seed: int, hidden: int = 64) -> Ranker:
    """Its weights are at random."""
    random = np.random.default_rng(seed)
    sizes = (NUMBERS, NUMBERS, (NUMBERS, hidden), hidden, hidden)
    mean, scale, inner, start, outer = (
        random.normal(size=size, scale=0.3).astype(np.float32) for size in sizes
    )
    return on_grids(mean, 1 + abs(scale), inner, start, outer, 0.5)


def crowd(users: int, titles: int, seed: int = 1, most: int = 40) -> Any:
    """Histories at random, from one title to `most`."""
    random = np.random.default_rng(seed)
    return histories({user: _some(random, titles, most) for user in range(1, users + 1)})


def _some(random: np.random.Generator, titles: int, most: int) -> list[tuple[int, int, int]]:
    many = int(random.integers(1, min(most, titles) + 1))
    columns = np.sort(random.choice(titles, many, replace=False))
    return [(int(column), int(random.integers(0, 11)), 2) for column in columns]


def tastes_of(some: Any, titles: int) -> Tastes:
    """Where each title has its column."""
    return tastes(some, TABLE, np.arange(titles, dtype=np.int32), titles)
