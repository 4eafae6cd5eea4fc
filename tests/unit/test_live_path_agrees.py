"""What an evaluation measures of the live path is what the API answers."""

import numpy as np
import pytest

from api import service
from api.parameters import Filtered
from batch.evaluation import ours
from batch.params import LiveParams, Params
from batch.statistics import TitleStatistics
from batch.title_lists import influence_rows
from schemas import influence_codec
from schemas.records import Column, Interaction, Status
from tests.builders import SmallGeneration, anime
from tests.datasets import histories
from tests.fakes import InMemoryRankings
from tests.hybrids import busy, crowd, model

RATED = 30
EVERYBODY = crowd(40, RATED, most=12)
STATISTICS = TitleStatistics.of(EVERYBODY, RATED)
MODEL = model(busy(RATED))
PARAMS = Params(live=LiveParams(fame_1=2.0, fame_3=1.0, fame_5=0.5, fame_10=0.25))


class Rated:
    """All of a trial that the live path looks at."""

    candidates = np.arange(RATED, dtype=np.int32)
    statistics = STATISTICS


def generation(given):
    """What a refresh would publish: popular lists are left out, since sums decide here."""
    rows = map(influence_codec.decode, influence_rows(MODEL, 0, RATED, PARAMS.lists))
    return SmallGeneration(
        anime=tuple(
            anime(column + 1, raters=int(raters)) for column, raters in enumerate(STATISTICS.raters)
        ),
        influences={column + 1: dict(zip(*row, strict=True)) for column, row in enumerate(rows)},
        histories={7: given},
        strengths=PARAMS.live.strengths(MODEL.manifest.strengths),
        fame=PARAMS.live.fame(),
    )


def answered(given):
    rankings = InMemoryRankings(generation(given))
    loaded = service.current(rankings)
    owned = service.owned.remembered(rankings.history(loaded.generation, 7))
    listing = Filtered(limit=RATED, franchise="all")
    return service.for_owner(rankings, loaded, owned, (), listing).lines


@pytest.mark.parametrize("user", range(12))
def test_the_api_ranks_as_the_evaluation_does(user):
    one = EVERYBODY.block(user, user + 1)
    rows = [
        (int(column), int(rating), int(status))
        for column, rating, status in zip(one.columns, one.ratings, one.statuses, strict=True)
    ]
    scores = ours.live(Rated(), MODEL, PARAMS).score(histories({1: rows}))[0]
    scores[one.columns] = -1

    found = answered([Interaction(Column(c), r, Status(s)) for c, r, s in rows])

    expected = [c for c in np.argsort(-scores, kind="stable").tolist() if scores[c] > 0]
    assert found.columns == expected
    assert found.scores == pytest.approx(scores[expected].tolist(), rel=1e-4, abs=1e-5)
    assert found.columns
