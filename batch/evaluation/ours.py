"""Our own rows of a table: the model of a refresh, its live path, and what it is without a part."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from scipy.sparse import csr_array

from batch.dataset import Histories
from batch.evaluation.metrics import NOTHING
from batch.evaluation.trial import Columns, Reorder, Scorer, Trial
from batch.models.blend import moments
from batch.models.legs import LEGS, Scores
from batch.models.ranker import neutral
from batch.params import ListParams, Params
from batch.ranking import top_n
from batch.rules import ProductRules
from batch.scoring import BLOCK, Model
from batch.title_lists import influence_rows
from schemas import influence_codec
from schemas.newcomers import FAME_POWER, fame_weight

OURS: Final = "ours"
LIVE: Final = "ours, live path"
RULES: Final = "ours, with product rules"

_WITHOUT: Final = "ours, without "
_ALONE: Final = " alone"

Train = Callable[[Params], Model]
"""Train on the training rows of one split, by the very code of a refresh."""


@dataclass(frozen=True, slots=True)
class Method:
    """A row to be measured."""

    name: str
    score: Scorer
    reorder: Reorder | None = None


def shipped(trial: Trial, model: Model) -> Method:
    """The product's pure ranking."""
    return Method(OURS, of_model(trial, model))


def with_rules(trial: Trial, model: Model, rules: ProductRules, lists: ListParams) -> Method:
    """The ranking that people see who ask for nothing in particular.

    For trials whose candidates are the rated titles, and whose users own what is given.
    """

    def reorder(given: Histories, columns: Columns) -> Columns:
        scores = model.recommend(given)
        ranked = top_n(scores, model.columns.astype(np.int64), lists.entries)
        orders = rules.orders(ranked, rules.flags(given, ranked.columns))
        found = np.full_like(columns, NOTHING)
        for user, order in enumerate(orders):
            shown = ranked.columns[user, list(order)][: found.shape[1]]
            found[user, : len(shown)] = shown
        return found

    return Method(RULES, of_model(trial, model), reorder)


def live(trial: Trial, model: Model, params: Params) -> Method:
    """What the API answers to somebody unknown: influence rows and fame, then the popular list."""
    lists, settings = params.lists, params.live
    rows = influence(model, lists)[:, model.positions[trial.candidates]]
    rest, fame = _after_all(trial, lists), _fame(trial)
    strengths = settings.strengths(model.manifest.strengths)
    counted = replace(model, manifest=replace(model.manifest, strengths=strengths))

    def score(given: Histories) -> Scores:
        sums: Scores = (counted.strengths(given) @ rows).toarray()
        lengths = np.diff(given.starts).tolist()
        weights = [fame_weight(settings.fame(), length) for length in lengths]
        sums += np.array(weights, np.float32)[:, None] * moments(sums)[1] * fame
        return np.where(sums > 0, sums, rest)

    return Method(LIVE, score)


def _fame(trial: Trial) -> Scores:
    """How well known each candidate is, as api.live has it, shape (candidates,)."""
    roots = trial.statistics.raters[trial.candidates].astype(np.float32) ** FAME_POWER
    known = roots[roots > 0]
    spread = known.std() if len(known) else 0.0
    return (roots - known.mean()) / spread if spread else np.zeros_like(roots)


def _after_all(trial: Trial, lists: ListParams) -> Scores:
    """Negative scores in the order of the popular list, shape (candidates,)."""
    means = trial.statistics.damped_means(lists.popular_damping)[trial.candidates]
    places = np.empty(len(means), np.float32)
    places[np.argsort(-means, kind="stable")] = np.arange(len(means))
    return -1 - places


def influence(model: Model, lists: ListParams) -> csr_array:
    """What the API's live path sums: influence rows as stored, (rated, anime), in model order."""
    payloads = [
        payload
        for first in range(0, model.rated, BLOCK)
        for payload in influence_rows(model, first, min(first + BLOCK, model.rated), lists)
    ]
    columns, values = zip(*(influence_codec.decode(one) for one in payloads), strict=True)
    starts = np.concatenate(([0], np.cumsum([len(one) for one in columns])))
    where = model.positions[np.concatenate(columns).astype(np.int64)]
    shape = (model.rated, model.anime)
    return csr_array((np.concatenate(values).astype(np.float32), where, starts), shape)


def is_ablation(method: str) -> bool:
    """Whether a row shows what ours is without something."""
    return method.startswith(_WITHOUT) or method.endswith(_ALONE)


def ablations(trial: Trial, model: Model, params: Params, train: Train) -> Iterator[Method]:
    """The blend without each leg and each leg alone; then trained without a kind of knowledge.

    A leg that is taken away is not made up for: the other weights stay as they were chosen.
    """
    yield Method(f"{_WITHOUT}ranker", without_ranker(trial, model))
    for leg in LEGS:
        yield Method(f"{_WITHOUT}{leg}", without_leg(trial, model, leg))
    for leg in LEGS:
        yield Method(f"ours, {leg}{_ALONE}", leg_alone(trial, model, leg))
    for name, poorer in poorer_params(params):
        yield Method(f"{_WITHOUT}{name}", of_model(trial, train(poorer)))


def poorer_params(params: Params) -> Iterator[tuple[str, Params]]:
    """Settings that keep some knowledge from the model."""
    yield "metadata in the linear leg", replace(params, linear=replace(params.linear, metadata=0.0))
    yield "synopses", replace(params, content=replace(params.content, text=0.0))
    yield "rating power", replace(params, strengths=replace(params.strengths, rating_power=0.0))


@dataclass(frozen=True, slots=True)
class Silent:
    """Stands in for a leg that is taken away: it says nothing about any title."""

    titles: int
    unrated: int

    def score(self, strengths: csr_array) -> Scores:
        return np.zeros((strengths.shape[0], self.titles), np.float32)

    def score_unrated(self, strengths: csr_array) -> Scores:
        """The same about titles without ratings."""
        return np.zeros((strengths.shape[0], self.unrated), np.float32)

    def save(self, folder: Path) -> None:
        raise NotImplementedError("an ablation is not saved")


def of_model(trial: Trial, model: Model) -> Scorer:
    """The final scores of a trial's candidates."""
    return _at_candidates(trial, model, model.recommend)


def without_ranker(trial: Trial, model: Model) -> Scorer:
    """The final scores when nothing changes the order of the blend."""
    nothing = neutral(model.hybrid.ranker.sharpness)
    hybrid = replace(model.hybrid, ranker=nothing, newcomers=nothing)
    return of_model(trial, replace(model, hybrid=hybrid))


def without_leg(trial: Trial, model: Model, leg: str) -> Scorer:
    """The final scores when one leg says nothing; in place of the first, the second comes first."""
    place, legs = LEGS.index(leg), list(model.hybrid.legs)
    if not place:
        place, legs[0] = 1, legs[1]
    legs[place] = Silent(model.rated, model.anime - model.rated)
    return of_model(trial, replace(model, hybrid=replace(model.hybrid, legs=legs)))


def leg_alone(trial: Trial, model: Model, leg: str) -> Scorer:
    """What one leg scores; unrated titles by what they look like, unless it knows them itself."""
    chosen = model.hybrid.legs[LEGS.index(leg)]

    def score(given: Histories) -> Scores:
        strengths = model.strengths(given)
        scores = chosen.score(strengths)
        if chosen is model.content:
            return np.hstack((scores, model.content.score_unrated(strengths)))
        return model.with_unrated(scores)

    return _at_candidates(trial, model, score)


def _at_candidates(trial: Trial, model: Model, score: Scorer) -> Scorer:
    """Scores in model order, (users, anime), taken to the order of the candidates."""
    where = model.positions[trial.candidates]
    in_order = np.array_equal(where, np.arange(len(where)))

    def of_candidates(given: Histories) -> Scores:
        scores = score(given)
        return scores[:, : len(where)].copy() if in_order else scores[:, where]

    return of_candidates
