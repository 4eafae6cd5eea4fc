"""Fitting the hybrid twice: in practice, to learn how the legs work together, and for good.

In practice some rows of some users are hidden from the legs; the blend and the ranker learn to
find them, and what is measured is measured on users who did not help with that. Then the legs are
fitted again, on all rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from batch import artifacts, practice, signals
from batch.candidates import Traits, facets_of
from batch.dataset import Dataset
from batch.engine import Engine
from batch.features import Features, features_of
from batch.franchises import Audience, find_franchises
from batch.hybrid import Hybrid
from batch.models.legs import LEGS, Leg, Training, Validation, leg_module
from batch.models.likeness import TitleVectors, spread
from batch.params import LinearParams, Params, ValidationParams
from batch.progress import Progress
from batch.reuse import Identity
from batch.scoring import Model
from batch.statistics import TitleStatistics
from batch.synopses import text_vectors
from batch.training_rows import RowSource
from batch.training_transforms import gram_matrix, title_statistics
from schemas.errors import DataRefusedError
from schemas.manifests import ModelManifest

_SOME_YEAR = 2005.0
"""Stands in where no title has a year."""


def train(
    dataset: Dataset,
    folder: Path,
    identity: Identity,
    params: Params,
    engine: Engine,
    progress: Progress,
) -> Model:
    """Train on a data set and save to `folder`, which appears whole or not at all."""
    with artifacts.scratch(folder.parent) as work:
        statistics = title_statistics(engine, dataset, dataset.shard, work)
        rated, unrated = _split(statistics)
        columns = np.concatenate((rated, unrated))
        known = _known(dataset, columns, params)
        rows, gram = _something_to_learn(_rows(dataset, rated, params), params, engine, work)
        shown = title_statistics(engine, dataset, rows.shown, work)
        traits = _traits(dataset, shown, known.features, rated, params)
        hybrid, metrics = _practise(rows, gram, known, traits, params, progress)
        del gram
        hybrid, practised = _without_legs(hybrid)
        everything = _everything(rows, known, params, progress, engine, work)
        audience = Audience(rated, statistics.watchers[rated], everything.gram)
        franchises = find_franchises(dataset.catalogue(), audience)
        popularity, rating = _of_crowd(statistics, rated, params)
        traits = replace(traits, popularity=popularity, rating=rating)
        hybrid = replace(hybrid, legs=_fit_again(everything, practised), traits=traits)
    vectors = TitleVectors.of(known.features.weighted(params.linear.rarity))
    model = Model(
        _manifest(identity, dataset, hybrid, params, rows.params, metrics),
        hybrid,
        columns,
        _spread(vectors, len(rated), params.linear),
        vectors,
    )
    artifacts.save_model(model, statistics, franchises, dataset.anime_ids, folder)
    return model


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of all titles without their audience, in model order."""

    features: Features
    text: NDArray[np.float32]


def _known(dataset: Dataset, columns: NDArray[np.int32], params: Params) -> _Known:
    factors = params.content.text_factors if params.content.text else 0
    text = text_vectors(dataset.table["synopsis"].to_pylist(), factors)
    return _Known(features_of(dataset.table).ordered(columns), text[columns])


def _split(statistics: TitleStatistics) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Catalogue columns of the watched titles, most watched first, and of the others.

    What is asked for together, popular titles, then lies together in memory.
    """
    order = np.argsort(-statistics.watchers, kind="stable").astype(np.int32)
    watched = int(np.count_nonzero(statistics.watchers))
    if not watched:
        raise DataRefusedError("nobody has watched anything: there is nothing to learn from")
    return order[:watched], order[watched:]


def _rows(dataset: Dataset, rated: NDArray[np.int32], params: Params) -> RowSource:
    positions = np.full(len(dataset.anime_ids), -1, np.int32)
    positions[rated] = np.arange(len(rated), dtype=np.int32)
    table = signals.lookup(params.strengths.table())
    return RowSource(dataset, table, positions, len(rated), params.validation, hiding=True)


def _something_to_learn(
    rows: RowSource, params: Params, engine: Engine, work: Path
) -> tuple[RowSource, NDArray[np.float64]]:
    """The rows of practice and their Gram matrix; of very little data nothing is hidden."""
    gram = gram_matrix(engine, rows, params.linear.row_damping, work)
    if not gram.any():
        rows = replace(rows, params=replace(rows.params, user_share=0.0))
        gram = gram_matrix(engine, rows, params.linear.row_damping, work)
    if not gram.any():
        raise DataRefusedError("nobody likes anything: no interaction has a strength to learn from")
    return rows, gram


def _traits(
    dataset: Dataset,
    statistics: TitleStatistics,
    features: Features,
    rated: NDArray[np.int32],
    params: Params,
) -> Traits:
    years = dataset.table["year"].to_pandas().to_numpy(np.float32)[rated]
    known = years[~np.isnan(years)]
    middle = np.float32(np.median(known)) if len(known) else np.float32(_SOME_YEAR)
    shown = replace(features, matrix=features.matrix[:, : len(rated)])
    return Traits(
        *_of_crowd(statistics, rated, params),
        np.where(np.isnan(years), middle, years),
        facets_of(shown, params.linear.rarity),
    )


def _of_crowd(
    statistics: TitleStatistics, rated: NDArray[np.int32], params: Params
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The traits that follow from who has watched and rated: popularity, and mean rating."""
    means = statistics.damped_means(params.ranker.rating_damping)[rated]
    return statistics.popularity()[rated], means.astype(np.float32)


def _practise(
    rows: RowSource,
    gram: NDArray[np.float64],
    known: _Known,
    traits: Traits,
    params: Params,
    progress: Progress,
) -> tuple[Hybrid, dict[str, float]]:
    exercises, measured = rows.exercises()
    validation = rows.validation(exercises)
    training = _training(rows, gram, known, validation, params, progress)
    legs = [leg_module(name).fit(training) for name in LEGS]
    hybrid = practice.together(legs, traits, rows, exercises, params.ranker)
    return hybrid, practice.measure(hybrid, rows, measured)


def _everything(
    rows: RowSource,
    known: _Known,
    params: Params,
    progress: Progress,
    engine: Engine,
    work: Path,
) -> Training:
    """Training on all rows, with nothing held out."""
    empty = csr_array((0, rows.rated), dtype=np.float32)
    nothing = Validation(empty, empty)
    everything = replace(rows, hiding=False)
    gram = gram_matrix(engine, everything, params.linear.row_damping, work)
    return _training(everything, gram, known, nothing, params, progress)


def _without_legs(hybrid: Hybrid) -> tuple[Hybrid, list[Leg | None]]:
    """Let the first leg go, whose matrix is the largest thing in memory; keep the others."""
    return replace(hybrid, legs=()), [None, *hybrid.legs[1:]]


def _fit_again(training: Training, practised: Sequence[Leg | None]) -> list[Leg]:
    return [
        leg_module(name).fit(replace(training, practised=leg, again=True))
        for name, leg in zip(LEGS, practised, strict=True)
    ]


def _training(
    rows: RowSource,
    gram: NDArray[np.float64],
    known: _Known,
    validation: Validation,
    params: Params,
    progress: Progress,
) -> Training:
    def shards() -> Iterator[csr_array]:
        return (rows.training(name) for name in rows.dataset.manifest.shards)

    return Training(
        users=rows.dataset.manifest.users,
        rated=rows.rated,
        shards=shards,
        gram=gram,
        features=known.features,
        text=known.text,
        validation=validation,
        params=params,
        progress=progress,
    )


def _spread(vectors: TitleVectors, rated: int, params: LinearParams) -> csr_array:
    neighbours, damping = params.unrated_neighbours, params.unrated_damping
    return spread(vectors, rated, neighbours=neighbours, damping=damping)


def _manifest(
    identity: Identity,
    dataset: Dataset,
    hybrid: Hybrid,
    params: Params,
    validation: ValidationParams,
    metrics: dict[str, float],
) -> ModelManifest:
    return ModelManifest(
        model=identity.model,
        dataset=identity.dataset,
        settings=identity.settings,
        code=identity.code,
        anime=len(dataset.anime_ids),
        rated=len(hybrid.traits.popularity),
        blend={leg: list(weights) for leg, weights in hybrid.blend.items()},
        candidates=hybrid.candidates,
        novelty=params.content.novelty,
        strengths=params.strengths.table(),
        metrics=metrics,
        validation=asdict(validation),
    )
