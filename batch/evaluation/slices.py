"""Quality for a part of the users or of the hidden titles."""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from batch.evaluation.metrics import NOTHING, ndcg
from batch.evaluation.trial import DEPTH, Rankings, Trial

Mask = NDArray[np.bool_]

_LENGTHS: Final = (1, 20, 50, 100, 200)
"""Where a bin of history lengths starts; the last one has no end."""
_GENRES: Final = 12
_POPULARITIES: Final = ("popular", "known", "rare")
"""Titles that take a third of all rows each; there are more of them from one to the next."""

BY_LENGTH: Final = "history length"
BY_POPULARITY: Final = "popularity of the target"
BY_GENRE: Final = "genre of the target"
CUTOFFS: Final[Mapping[str, int]] = {BY_LENGTH: 10, BY_POPULARITY: DEPTH, BY_GENRE: DEPTH}
"""How deep NDCG looks: targets of one kind are few, and others stand before them."""

Slices = Mapping[str, Mapping[str, float]]
"""Kind of slice -> its parts, in order -> NDCG; parts without users are left out."""


def slices(trial: Trial, rankings: Rankings) -> Slices:
    """NDCG by history length, and by popularity and genre of what was to be found.

    A slice of targets counts the others as neither wanted nor there, and its users are those
    with a target in it; places are those of the whole ranking.
    """
    values = ndcg(rankings.hit, trial.relevant, CUTOFFS[BY_LENGTH])
    lengths = {name: float(values[users].mean()) for name, users in users_by_length(trial)}
    return {
        BY_LENGTH: lengths,
        BY_POPULARITY: dict(_of_targets(trial, rankings, targets_by_popularity(trial))),
        BY_GENRE: dict(_of_targets(trial, rankings, targets_by_genre(trial))),
    }


def users_by_length(trial: Trial) -> Iterator[tuple[str, Mask]]:
    """Users of each bin of history lengths that has any."""
    lengths = np.diff(trial.split.given.starts)
    bins = np.searchsorted(_LENGTHS, lengths, side="right") - 1
    for index, first in enumerate(_LENGTHS):
        last = index + 1 == len(_LENGTHS)
        if (bins == index).any():
            yield f"{first}+" if last else f"{first}–{_LENGTHS[index + 1] - 1}", bins == index


def targets_by_popularity(trial: Trial) -> dict[str, Mask]:
    """Titles in three groups of as many rows each, hidden rows counted, each (anime,)."""
    rows = trial.watchers + np.bincount(trial.whole.hidden.columns, minlength=trial.anime)
    order = np.argsort(-rows, kind="stable")
    before = np.empty(trial.anime)
    before[order] = (np.cumsum(rows[order]) - rows[order]) / max(int(rows.sum()), 1)
    third = np.minimum((before * len(_POPULARITIES)).astype(int), len(_POPULARITIES) - 1)
    return {name: third == index for index, name in enumerate(_POPULARITIES)}


def targets_by_genre(trial: Trial) -> dict[str, Mask]:
    """Titles of each genre that is wanted most, each (anime,)."""
    genres = trial.titles.genres
    wanted = np.bincount(trial.split.hidden.columns, minlength=trial.anime)
    often = np.argsort(-(genres.T @ wanted), kind="stable")[:_GENRES]
    by_genre = genres.T.tocsr()
    names = trial.titles.genre_names
    return {names[one]: by_genre[[one]].toarray()[0] > 0 for one in often}


def _of_targets(
    trial: Trial, rankings: Rankings, groups: Mapping[str, Mask]
) -> Iterator[tuple[str, float]]:
    liked = trial.split.hidden
    for name, titles in groups.items():
        wanted = np.bincount(liked.rows[titles[liked.columns]], minlength=len(liked))
        users = wanted > 0
        if users.any():
            columns = rankings.columns[users]
            hit = rankings.hit[users] & titles[columns] & (columns != NOTHING)
            yield name, float(ndcg(hit, wanted[users], DEPTH).mean())
