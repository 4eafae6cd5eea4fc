"""Measuring rankings: every title of the training rows is a candidate, nothing is sampled."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from batch import signals
from batch.dataset import Dataset, Histories
from batch.engine import Engine
from batch.evaluation.metrics import NOTHING, hits, ndcg, ranked, recall
from batch.evaluation.references import REFERENCES, Scorer
from batch.evaluation.splits import Split, everybody_of, hold_out, newcomers, write_training
from batch.models.legs import Scores
from batch.params import Params, StrengthParams, ValidationParams
from batch.progress import Progress
from batch.reuse import identity
from batch.scoring import BLOCK, Model
from batch.title_lists import influence_rows
from batch.training import train
from schemas import influence_codec

_DEPTH = 100

BlockScorer = Callable[[Histories], Scores]
"""At most BLOCK users -> scores of the rated titles, (users, rated)."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over users with something to find, 0 if there is no such user.

    `shown` counts titles in anybody's first ten.
    """

    method: str
    users: int
    ndcg_10: float
    ndcg_100: float
    recall_20: float
    shown: int


@dataclass(frozen=True)
class Trial:
    """One split, the model trained on it, and how to look at histories through that model."""

    split: Split
    model: Model
    validation: ValidationParams

    def squared(self, histories: Histories) -> csr_array:
        """Squared ratings of the rated titles, what references learn from."""
        table = signals.lookup(StrengthParams(rating_power=2.0).table())
        positions = np.where(self.model.positions < self.model.rated, self.model.positions, -1)
        return signals.weighted(histories, table, positions.astype(np.int32), self.model.rated)

    def measure(self, method: str, score: BlockScorer) -> Quality:
        """Rank everybody's candidates and compare with what was hidden."""
        blocks = zip(self.split.given.blocks(BLOCK), self._liked.blocks(BLOCK), strict=True)
        found = [self._measure_block(score(given), given, liked) for given, liked in blocks]
        if not any(relevant.any() for _, _, relevant in found):
            return Quality(method, 0, 0.0, 0.0, 0.0, 0)
        rankings, hit, relevant = (np.concatenate(parts) for parts in zip(*found, strict=True))
        users = relevant > 0
        hit, relevant, shown = hit[users], relevant[users], rankings[users, :10]
        return Quality(
            method,
            int(users.sum()),
            float(ndcg(hit, relevant, 10).mean()),
            float(ndcg(hit, relevant, _DEPTH).mean()),
            float(recall(hit, relevant, 20).mean()),
            len(np.unique(shown[shown != NOTHING])),
        )

    @property
    def _liked(self) -> Histories:
        hidden = self.split.hidden
        return hidden.where(signals.relevant(hidden, self.validation))

    def _measure_block(
        self, scores: Scores, given: Histories, liked: Histories
    ) -> tuple[NDArray[np.intp], NDArray[np.bool_], NDArray[np.int64]]:
        """A liked title that training does not know counts: it can only be missed."""
        ranking = ranked(scores, self._indicator(given), _DEPTH)
        return ranking, hits(ranking, self._indicator(liked)), np.diff(liked.starts)

    def _indicator(self, histories: Histories) -> csr_array:
        where = self.model.positions[histories.columns]
        kept = histories.where(where < self.model.rated)
        columns = self.model.positions[kept.columns]
        shape = (len(kept), self.model.rated)
        return csr_array((np.ones(len(columns), np.float32), columns, kept.starts), shape)


def protocols(
    dataset: Dataset, work: Path, params: Params, engine: Engine, progress: Progress, seed: int
) -> Iterator[tuple[str, list[Quality]]]:
    """Run both protocols on one data set; ours is trained by the very code of a refresh."""
    everybody = everybody_of(dataset)
    for name, cut in (("hold-out", hold_out), ("newcomers", newcomers)):
        split = cut(everybody, seed)
        training = write_training(dataset, split.training, work / name)
        known = identity(f"{name} {seed}", params)
        model = train(training, work / f"{name}-model", known, params, engine, progress)
        trial = Trial(split, model, params.validation)
        yield name, [*_references(trial, progress), *_ours(trial, params, name == "newcomers")]


def _references(trial: Trial, progress: Progress) -> Iterator[Quality]:
    training = trial.squared(trial.split.training)
    for done, (name, fit) in enumerate(REFERENCES.items(), start=1):
        yield trial.measure(name, _on_squared(trial, fit(training)))
        progress("references", done, len(REFERENCES))


def _on_squared(trial: Trial, score: Scorer) -> BlockScorer:
    return lambda given: score(trial.squared(given))


def _ours(trial: Trial, params: Params, live: bool) -> Iterator[Quality]:
    model = trial.model
    rated = model.rated
    yield trial.measure("ours", lambda one: model.score(model.strengths(one))[:, :rated].copy())
    yield trial.measure("ours, linear leg", lambda one: model.linear.score(model.strengths(one)))
    if live:
        rows = live_rows(model, params)
        yield trial.measure("ours, live path", lambda one: (model.strengths(one) @ rows).toarray())


def live_rows(model: Model, params: Params) -> csr_array:
    """What the API's live path sums: influence rows as stored, (rated, rated)."""
    payloads = [
        payload
        for first in range(0, model.rated, BLOCK)
        for payload in influence_rows(model, first, min(first + BLOCK, model.rated), params.lists)
    ]
    columns, values = zip(*(influence_codec.decode(one) for one in payloads), strict=True)
    starts = np.concatenate(([0], np.cumsum([len(one) for one in columns])))
    where = model.positions[np.concatenate(columns).astype(np.int64)]
    shape = (model.rated, model.anime)
    found = csr_array((np.concatenate(values).astype(np.float32), where, starts), shape)
    return found[:, : model.rated]
