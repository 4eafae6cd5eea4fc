"""Draws who the users are: what they lean to, how much they watch and how they rate."""

from dataclasses import dataclass

import numpy as np

from batch.sample.features import STUDIO_TRAITS, Doubles, Features, Floats, Integers
from batch.sample.title import TYPES

MEDIAN_TITLES = 80
MOST_TITLES = 2000
_NEVER_SCORE = 0.06


@dataclass(frozen=True, slots=True)
class People:
    """One entry per user.

    ``leanings`` has shape (users, traits). ``starts`` is how many franchises they meet, at
    least one. ``mean`` and ``spread`` are of their ratings; ``planned`` and ``unscored`` are
    shares from 0 to 1.
    """

    leanings: Floats
    starts: Integers
    mean: Floats
    spread: Floats
    planned: Floats
    unscored: Floats


def draw(number: int, features: Features, rng: np.random.Generator) -> People:
    return People(
        leanings=_leanings(number, features, rng),
        starts=_starts(number, features, rng),
        mean=rng.normal(7.6, 0.9, number).astype(np.float32),
        spread=rng.lognormal(np.log(1.35), 0.25, number).astype(np.float32),
        planned=rng.beta(1.0, 4.0, number).astype(np.float32),
        unscored=_unscored(number, rng),
    )


def _leanings(number: int, features: Features, rng: np.random.Generator) -> Floats:
    parts = [
        _genres(number, features.genre_share, rng),
        rng.normal(0.0, 0.4, (number, len(TYPES))),
        _era(number, rng),
        rng.normal(0.0, 0.5, (number, STUDIO_TRAITS)),
    ]
    return np.concatenate(parts, axis=1).astype(np.float32)


def _genres(number: int, share: Floats, rng: np.random.Generator) -> Doubles:
    """A sparse mixture: a few genres carry nearly all of it; popular genres do so more often."""
    mixture = rng.gamma(0.1 + 0.2 * share, size=(number, share.size)) + 1e-9
    strongest = mixture / mixture.max(axis=1, keepdims=True)
    intensity = rng.lognormal(np.log(7.0), 0.4, (number, 1))
    dislike = rng.normal(0.0, 0.5, strongest.shape)
    leanings: Doubles = intensity * np.sqrt(strongest) + dislike
    return leanings


def _era(number: int, rng: np.random.Generator) -> Doubles:
    """The two coefficients of a bell curve around the favourite year, in decades from 2010."""
    favourite = rng.normal(0.2, 0.5, number)
    precision = rng.lognormal(np.log(1.4), 0.35, number) ** -2
    return np.stack([favourite * precision, -precision / 2], axis=1)


def _starts(number: int, features: Features, rng: np.random.Generator) -> Integers:
    most = min(MOST_TITLES, features.anime_ids.size // 2)
    wanted = np.minimum(MEDIAN_TITLES * rng.lognormal(0.0, 1.5, number), most)
    starts = np.rint(wanted / features.chain).astype(np.int64)
    return np.clip(starts, 1, features.starts.size)


def _unscored(number: int, rng: np.random.Generator) -> Floats:
    """Most people score nearly everything they finish; a few never score at all."""
    share = rng.beta(1.0, 14.0, number)
    share[rng.random(number) < _NEVER_SCORE] = 1.0
    return share.astype(np.float32)
