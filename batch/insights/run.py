"""Insights from a data set: one pass over its users, then arithmetic on sums."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from batch.dataset import Dataset
from batch.engine import Engine
from batch.insights.audiences import audiences
from batch.insights.gems import gems
from batch.insights.genres import genres_in
from batch.insights.groups import groups_of
from batch.insights.rising import rising
from batch.insights.tally_transforms import tally_users
from batch.insights.traits import traits_of
from batch.params import Params
from batch.popular_lists import genres_of
from schemas.insights import Insights
from schemas.records import Anime


@dataclass(frozen=True, slots=True)
class Found:
    """What is stored: insights, and the bytes of all titles' audiences."""

    insights: Insights
    audiences: bytes


def find_insights(
    engine: Engine,
    dataset: Dataset,
    catalogue: Sequence[Anime],
    recent: NDArray[np.int64],
    params: Params,
    work: Path,
) -> Found:
    """Everything that a generation says of everybody together.

    Args:
        engine: where the pass over users runs.
        dataset: whose users.
        catalogue: its titles, with franchises.
        recent: how many people took up each title in the last days, shape (anime,).
        params: all of them; `insights` is about this.
        work: a folder that is deleted after the run.
    """
    asked, genres = params.insights, genres_in(dataset)
    tally = tally_users(engine, dataset, asked.sample, params.validation, work)
    few = int(dataset.manifest.users * asked.gem_share)
    insights = Insights(
        users=dataset.manifest.users,
        ratings=int(tally.statistics.raters.sum()),
        liked_from=params.validation.relevant_rating,
        support=asked.support,
        few=few,
        traits=traits_of(catalogue, tally, asked.support),
        rising=rising(catalogue, recent, tally.statistics.watchers, asked.recent_days),
        gems=gems(catalogue, tally, few, asked.gem_raters, params.lists.popular_damping),
        groups=groups_of(catalogue, genres, tally, asked.groups),
    )
    return Found(insights, audiences(genres, tally, genres_of(catalogue), asked.fans))
