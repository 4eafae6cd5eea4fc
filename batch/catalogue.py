"""The catalogue as people see it: a data set's, with what a model says about each title."""

from dataclasses import replace
from pathlib import Path

from batch import artifacts
from batch.dataset import Dataset
from batch.franchises import Franchises
from batch.statistics import TitleStatistics
from schemas.records import Anime


def catalogue_of(dataset: Dataset, model_folder: Path) -> list[Anime]:
    """All titles in column order.

    Args:
        dataset: any that has the catalogue that the model was trained on.
        model_folder: where the model lies.
    """
    catalogue = with_statistics(dataset.catalogue(), artifacts.load_statistics(model_folder))
    return with_franchises(catalogue, artifacts.load_franchises(model_folder))


def with_statistics(catalogue: list[Anime], statistics: TitleStatistics) -> list[Anime]:
    """Add to each title how many rated it, and their mean rating."""
    rows = zip(catalogue, statistics.raters.tolist(), statistics.rating_sums.tolist(), strict=True)
    return [
        replace(anime, raters=raters, mean_rating=round(total / raters, 2) if raters else None)
        for anime, raters, total in rows
    ]


def with_franchises(catalogue: list[Anime], franchises: Franchises) -> list[Anime]:
    """Add to each title its franchise and series, and whether it is a side entry."""
    rows = zip(
        catalogue,
        franchises.franchise.tolist(),
        franchises.series.tolist(),
        franchises.side.tolist(),
        strict=True,
    )
    return [
        replace(anime, franchise=franchise, series=series, side=side)
        for anime, franchise, series, side in rows
    ]
