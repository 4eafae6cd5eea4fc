"""Fitting every leg, choosing the blend on validation users, and saving the model."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from batch import artifacts, signals
from batch.dataset import Dataset
from batch.engine import Engine
from batch.evaluation.metrics import NDCG_10, mean_ndcg
from batch.features import Features, features_of
from batch.franchises import Audience, find_franchises
from batch.models.blend import blend, candidates
from batch.models.content import TitleVectors, spread
from batch.models.legs import LEGS, Leg, Scores, Training, Validation, leg_module
from batch.params import LinearParams, Params
from batch.progress import Progress
from batch.reuse import Identity
from batch.scoring import ExplainingLeg, Model
from batch.statistics import TitleStatistics
from batch.training_rows import RowSource
from batch.training_transforms import gram_matrix, title_statistics
from schemas.errors import DataRefusedError
from schemas.manifests import ModelManifest


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
        statistics = title_statistics(engine, dataset, work)
        rated, unrated = _split(statistics)
        rows = _rows(dataset, rated, params)
        features = features_of(dataset.table)
        training = _training(rows, features, rated, params, progress, engine, work)
        audience = Audience(rated, statistics.watchers[rated], training.gram)
        franchises = find_franchises(dataset.catalogue(), audience)
        legs = [leg_module(name).fit(training) for name in LEGS]
    weights, metrics = choose_weights(legs, training.validation)
    columns = np.concatenate((rated, unrated))
    vectors = TitleVectors.of(features.weighted(params.linear.rarity), columns)
    model = Model(
        _manifest(identity, dataset, len(rated), params, weights, metrics),
        cast(ExplainingLeg, legs[0]),
        legs[1:],
        columns,
        _spread(vectors, len(rated), params.linear),
        vectors,
        statistics.popularity()[rated],
    )
    artifacts.save_model(model, statistics, franchises, dataset.anime_ids, folder)
    return model


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
    return RowSource(dataset, table, positions, len(rated), params.validation)


def _training(
    rows: RowSource,
    features: Features,
    rated: NDArray[np.int32],
    params: Params,
    progress: Progress,
    engine: Engine,
    work: Path,
) -> Training:
    def shards() -> Iterator[csr_array]:
        return (rows.training(name) for name in rows.dataset.manifest.shards)

    gram = gram_matrix(engine, rows, params.linear.row_damping, work)
    if not gram.any():
        raise DataRefusedError("nobody likes anything: no interaction has a strength to learn from")
    return Training(
        users=rows.dataset.manifest.users,
        rated=len(rated),
        shards=shards,
        gram=gram,
        features=Features(features.names, features.matrix[:, rated]),
        validation=rows.validation(),
        params=params,
        progress=progress,
    )


def choose_weights(
    legs: Sequence[Leg], validation: Validation
) -> tuple[list[float], dict[str, float]]:
    """Weigh each leg, one after the other, so that validation NDCG@10 is highest.

    Returns:
        The weights, the first of them 1, and NDCG@10 of the blend and of each leg alone.
    """
    scores = [leg.score(validation.given) for leg in legs]
    alone = [_measure([one], [1.0], validation) for one in scores]
    weights, best = [1.0] + [0.0] * (len(legs) - 1), alone[0]
    for leg in range(1, len(legs)):
        tried = [(_measure(scores, one, validation), one) for one in candidates(weights, leg)]
        best, weights = max(tried, key=lambda pair: pair[0])
    named = {f"{NDCG_10}/{name}": value for name, value in zip(LEGS, alone, strict=True)}
    return weights, {
        NDCG_10: best,
        **named,
        "validation_users": float(len(validation.wanted.indptr) - 1),
    }


def _measure(scores: Sequence[Scores], weights: Sequence[float], validation: Validation) -> float:
    blended = blend([one.copy() for one in scores], weights)
    return mean_ndcg(blended, validation.given, validation.wanted, 10)


def _spread(vectors: TitleVectors, rated: int, params: LinearParams) -> csr_array:
    neighbours, damping = params.unrated_neighbours, params.unrated_damping
    return spread(vectors, rated, neighbours=neighbours, damping=damping)


def _manifest(
    identity: Identity,
    dataset: Dataset,
    rated: int,
    params: Params,
    weights: Sequence[float],
    metrics: dict[str, float],
) -> ModelManifest:
    return ModelManifest(
        model=identity.model,
        dataset=identity.dataset,
        settings=identity.settings,
        code=identity.code,
        anime=len(dataset.anime_ids),
        rated=rated,
        blend=dict(zip(LEGS, weights, strict=True)),
        strengths=params.strengths.table(),
        metrics=metrics,
    )
