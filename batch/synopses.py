"""What synopses are about, as a few numbers a title: latent semantic analysis. Pure.

Words weigh by term and inverse document frequency, and the first singular vectors say which
words go together (Deerwester et al., 1990). Nothing has to be downloaded, and any language will do.
"""

import re
from collections import Counter
from collections.abc import Sequence
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from batch.features import unit_columns

Vectors = NDArray[np.float32]

_WORD: Final = re.compile(r"\w\w+")
_FEWEST: Final = 3
_COMMON: Final = 0.1
"""A word in more than this share of the titles says little about any of them."""
_WORDS: Final = 60
"""The most telling words of a synopsis, so that a long one says no more than others."""
_SPARE: Final = 10
_ROUNDS: Final = 5
_GRID: Final = np.float32(2**10)
"""Far coarser than what differs from one linear algebra library to the next, unless singular
values tie: then any turn of their vectors is as good."""


def text_vectors(synopses: Sequence[str], factors: int) -> Vectors:
    """Place each synopsis, shape (titles, at most `factors`); an unknown one is zero.

    Coordinates are those of synopses of length one, so a row's length is at most one. Where the
    texts share too few words for that many factors, there are fewer; possibly none.
    """
    words = unit_columns(_weighted(synopses))
    factors = min(factors, *words.shape)
    if not factors:
        return np.zeros((len(synopses), 0), np.float32)
    basis = _main_directions(words.astype(np.float64), factors)
    directions, _, _ = np.linalg.svd(basis.T @ words, full_matrices=False)
    places = (basis @ directions[:, :factors]).T @ words
    places *= _signs(places)
    rounded: Vectors = np.rint(places.T.astype(np.float32) * _GRID) / _GRID
    return rounded + np.float32(0)  # no minus zero


def _main_directions(words: csr_array, factors: int) -> NDArray[np.float64]:
    """Spans a little more than the first left singular vectors, (words, directions).

    By subspace iteration from a random start (Halko, Martinsson and Tropp, 2011).
    """
    wide = min(factors + _SPARE, *words.shape)
    found: NDArray[np.float64] = np.random.default_rng(0).normal(size=(words.shape[0], wide))
    for _ in range(_ROUNDS):
        found, _ = np.linalg.qr(words @ (words.T @ found))
    return found


def _signs(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turns each row so that its largest number is positive: a singular vector has no sign."""
    largest = np.abs(rows).argmax(axis=1)[:, None]
    return np.where(np.take_along_axis(rows, largest, axis=1) < 0, -1.0, 1.0)


def _weighted(synopses: Sequence[str]) -> csr_array:
    """Weights of shape (words, titles)."""
    counts = [Counter(_WORD.findall(text.lower())) for text in synopses]
    titles = Counter(word for one in counts for word in one)
    most = max(_COMMON * len(synopses), _FEWEST)
    known = sorted(word for word, n in titles.items() if _FEWEST <= n <= most)
    rarity = {word: log(len(synopses) / titles[word]) for word in known}
    places = {word: place for place, word in enumerate(known)}
    rows = [_telling(one, rarity) for one in counts]
    columns = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    words = [places[word] for row in rows for word in row]
    values = np.array([value for row in rows for value in row.values()], np.float32)
    return csr_array((values, (words, columns)), shape=(len(known), len(synopses)))


def _telling(words: Counter[str], rarity: dict[str, float]) -> dict[str, float]:
    weights = {word: (1 + log(n)) * rarity[word] for word, n in words.items() if word in rarity}
    best = sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))[:_WORDS]
    return dict(best)
