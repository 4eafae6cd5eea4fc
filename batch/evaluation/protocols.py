"""Running the evaluation: for each split, the references beside ours and its ablations."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from batch.catalogue import catalogue_of
from batch.dataset import Dataset, Histories
from batch.engine import Engine
from batch.evaluation.ours import OURS, Method, Train, ablations, live, shipped, with_rules
from batch.evaluation.quality import Measured, Quality, compare, measure, over_seeds
from batch.evaluation.references import (
    COLD_ANIME,
    COLD_USERS,
    HOLD_OUT,
    NEWCOMERS,
    PROTOCOLS,
    REFERENCES,
    fit,
    references_for,
)
from batch.evaluation.splits import (
    Split,
    cold_anime,
    cold_users,
    everybody_of,
    hold_out,
    newcomers,
    write_training,
)
from batch.evaluation.titles import Titles
from batch.evaluation.trial import Trial
from batch.params import Params
from batch.progress import Progress
from batch.reuse import identity
from batch.rules import ProductRules
from batch.scoring import Model
from batch.training import train
from schemas.product_order import facts_of

ABLATIONS: Final = "ablations"
METHODS: Final = (*(one.name for one in REFERENCES), OURS, ABLATIONS)
"""What can be chosen; ours in all its rows is one, its ablations are another."""
GIVEN: Final = (1, 3, 5, 10)
"""How many titles cold users give."""

Results = Mapping[str, Sequence[Quality]]
"""Protocol, for cold users with their number of titles -> its rows."""


def cold_users_given(titles: int, *, withheld_ranked: bool = False) -> str:
    """What the results of cold users with that many titles are called."""
    return f"{COLD_USERS}-{titles}{'-withheld-ranked' if withheld_ranked else ''}"


@dataclass(frozen=True)
class Evaluation:
    """What is evaluated, how, and where models may be kept meanwhile."""

    dataset: Dataset
    titles: Titles
    work: Path
    params: Params
    engine: Engine
    progress: Progress
    protocols: Sequence[str] = PROTOCOLS
    methods: Sequence[str] = METHODS
    seeds: Sequence[int] = (0,)


def evaluate(evaluation: Evaluation) -> Results:
    """Run every chosen protocol with every chosen method, for every seed."""
    everybody = everybody_of(evaluation.dataset)
    runs = [dict(_run(evaluation, everybody, seed)) for seed in evaluation.seeds]
    return {
        name: [over_seeds(rows) for rows in zip(*(run[name] for run in runs), strict=True)]
        for name in runs[0]
    }


def _run(
    evaluation: Evaluation, everybody: Histories, seed: int
) -> Iterator[tuple[str, list[Quality]]]:
    if HOLD_OUT in evaluation.protocols:
        yield from _on_split(evaluation, HOLD_OUT, {HOLD_OUT: hold_out(everybody, seed)}, seed)
    splits = dict(_newcomers(evaluation, everybody, seed))
    if splits:
        yield from _on_split(evaluation, NEWCOMERS, splits, seed)
    if COLD_ANIME in evaluation.protocols:
        split = cold_anime(everybody, len(evaluation.dataset.anime_ids), seed)
        yield from _on_split(evaluation, COLD_ANIME, {COLD_ANIME: split}, seed)


def _newcomers(
    evaluation: Evaluation, everybody: Histories, seed: int
) -> Iterator[tuple[str, Split]]:
    """Splits that share their training rows, so that each method is fitted once."""
    split = newcomers(everybody, seed)
    if NEWCOMERS in evaluation.protocols:
        yield NEWCOMERS, split
    if COLD_USERS in evaluation.protocols:
        for ranked in (False, True):
            for n in GIVEN:
                few = cold_users(split, n, seed, withheld_ranked=ranked)
                yield cold_users_given(n, withheld_ranked=ranked), few


def _on_split(
    evaluation: Evaluation, protocol: str, splits: Mapping[str, Split], seed: int
) -> Iterator[tuple[str, list[Quality]]]:
    """Fit each method once on the rows that the splits share; measure it on each of them."""
    trials = {
        name: Trial(evaluation.dataset, evaluation.titles, split, evaluation.params.validation)
        for name, split in splits.items()
    }
    found: dict[str, list[Measured]] = {name: [] for name in trials}
    for method in _methods(evaluation, protocol, next(iter(trials.values())), seed):
        for name, trial in trials.items():
            ranking = trial.rank(method.name, method.score, method.reorder)
            found[name].append(measure(trial, ranking))
    for name, measured in found.items():
        yield name, compare(measured, OURS, seed)


def _methods(evaluation: Evaluation, protocol: str, trial: Trial, seed: int) -> Iterator[Method]:
    """All chosen methods, one after the other, so that one model at a time is in memory.

    They are fitted on the training rows and rated titles, which splits of one protocol share.
    """
    references = references_for(protocol, evaluation.methods)
    for done, reference in enumerate(references, start=1):
        yield Method(reference.name, fit(reference, trial))
        evaluation.progress(f"{protocol}: references", done, len(references))
    if {OURS, ABLATIONS} & set(evaluation.methods):
        yield from _ours(evaluation, protocol, trial, seed)


def _ours(evaluation: Evaluation, protocol: str, trial: Trial, seed: int) -> Iterator[Method]:
    training = write_training(
        evaluation.dataset, trial.split.training, evaluation.work / f"{protocol}-{seed}"
    )
    fitted: Train = partial(trained, evaluation, training)
    model = fitted(evaluation.params)
    if OURS in evaluation.methods:
        yield shipped(trial, model)
        if protocol == HOLD_OUT:
            rules = rules_of(training, model_folder(training))
            yield with_rules(trial, model, rules, evaluation.params.lists)
        if protocol == NEWCOMERS:
            yield live(trial, model, evaluation.params)
    if ABLATIONS in evaluation.methods:
        yield from ablations(trial, model, evaluation.params, fitted)


def trained(evaluation: Evaluation, training: Dataset, params: Params) -> Model:
    """Ours, by the very code of a refresh."""
    known, folder = identity(training.folder.name, params), model_folder(training)
    return train(training, folder, known, params, evaluation.engine, evaluation.progress)


def model_folder(training: Dataset) -> Path:
    """Where `trained` keeps the last model of a data set."""
    return training.folder.with_name(f"{training.folder.name}-model")


def rules_of(dataset: Dataset, folder: Path) -> ProductRules:
    """The product rules over a catalogue, with the franchises that a model's training found."""
    return ProductRules(facts_of(catalogue_of(dataset, folder)))
