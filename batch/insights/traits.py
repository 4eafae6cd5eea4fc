"""What the crowd watches and likes by genre, year, type and studio. Pure."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

import numpy as np

from batch.insights.genres import membership
from batch.insights.tally import Tally
from schemas.insights import Trait, Traits
from schemas.records import Anime

_MOST: Final = 60
"""Traits of one kind that are told: a site may have a thousand studios."""


def traits_of(catalogue: Sequence[Anime], tally: Tally, support: int) -> Traits:
    """All of them that have at least `support` ratings."""
    traits = partial(_traits, tally, support)
    years = traits((str(one.year),) if one.year else () for one in catalogue)
    return Traits(
        genres=traits(one.genres for one in catalogue)[:_MOST],
        years=tuple(sorted(years, key=lambda one: int(one.name))),
        types=traits((one.type,) if one.type else () for one in catalogue)[:_MOST],
        studios=traits(one.studios for one in catalogue)[:_MOST],
    )


def _traits(tally: Tally, support: int, every: Iterable[Sequence[str]]) -> tuple[Trait, ...]:
    """The most watched first."""
    names, titles = membership(every)
    statistics = tally.statistics
    counted = (statistics.watchers > 0).astype(np.int64)
    sums = [
        (part @ titles).tolist()
        for part in (counted, statistics.watchers, statistics.raters, statistics.rating_sums,
                     tally.likes)
    ]  # fmt: skip
    watched = max(int(statistics.watchers.sum()), 1)
    found = [
        Trait(name, some, round(watchers / watched, 4), raters, round(rated / raters, 2),
              round(likes / raters, 3))
        for name, some, watchers, raters, rated, likes in zip(names, *sums, strict=True)
        if raters >= max(support, 1)
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: (-one.watched, one.name)))
