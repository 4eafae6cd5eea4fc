"""One split as a task: rank everybody's candidates, and see where the hidden titles came."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from batch import signals
from batch.dataset import Dataset, Histories
from batch.evaluation.metrics import NOTHING, hits, ranked
from batch.evaluation.splits import Split
from batch.evaluation.titles import Titles
from batch.models.legs import Scores
from batch.params import StrengthParams, ValidationParams
from batch.scoring import BLOCK
from batch.statistics import TitleStatistics

DEPTH: Final = 100
"""How deep rankings are measured."""
LIST_LENGTH: Final = 200
"""How many titles a reordering may choose from: as many as a stored list has."""

Columns = NDArray[np.int32]
Scorer = Callable[[Histories], Scores]
"""What is given of at most BLOCK users -> scores of a trial's candidates, (users, candidates)."""
Reorder = Callable[[Histories, Columns], Columns]
"""What is given of some users, and their rankings as catalogue columns, (users, LIST_LENGTH) ->
rankings of the same shape in which titles were moved or dropped, with NOTHING at the end."""


@dataclass(frozen=True, slots=True)
class Rankings:
    """What a method showed to the users of a trial, best first, both (users, at most DEPTH).

    `columns` are catalogue columns, NOTHING behind the last title; `hit` says which were hidden
    and liked.
    """

    method: str
    columns: Columns
    hit: NDArray[np.bool_]


@dataclass(frozen=True)
class Trial:
    """A split of a data set, seen by methods that rank and by metrics that compare.

    Its users are those with something to find; nothing is sampled, neither users nor titles.
    """

    dataset: Dataset
    titles: Titles
    whole: Split
    validation: ValidationParams

    @cached_property
    def split(self) -> Split:
        """The split without users who have nothing to find."""
        whole = self.whole
        liked = whole.hidden.where(signals.relevant(whole.hidden, self.validation))
        users = np.diff(liked.starts) > 0
        given, owned = whole.given.only(users), whole.owned.only(users)
        return replace(whole, given=given, owned=owned, hidden=liked.only(users))

    @cached_property
    def relevant(self) -> NDArray[np.int64]:
        """How many titles each user should find, at least 1, shape (users,)."""
        return np.diff(self.split.hidden.starts)

    @cached_property
    def statistics(self) -> TitleStatistics:
        """What the training users did with each title."""
        return TitleStatistics.of(self.whole.training, self.anime)

    @property
    def watchers(self) -> NDArray[np.int64]:
        """How many training users have watched each title, shape (anime,)."""
        return self.statistics.watchers

    @property
    def anime(self) -> int:
        return len(self.dataset.anime_ids)

    @cached_property
    def rated(self) -> Columns:
        """Titles of the training rows, most watched first."""
        order = np.argsort(-self.watchers, kind="stable").astype(np.int32)
        return order[: np.count_nonzero(self.watchers)]

    @property
    def candidates(self) -> Columns:
        """What is ranked, as catalogue columns."""
        return self.rated if self.split.cold is None else self.split.cold

    @cached_property
    def rated_positions(self) -> Columns:
        """Where each catalogue column is in `rated`, -1 where it is not, shape (anime,)."""
        return _places(self.rated, self.anime)

    @cached_property
    def _candidate_positions(self) -> Columns:
        return _places(self.candidates, self.anime)

    def squared(self, histories: Histories) -> csr_array:
        """Squared ratings, from 0 to 1, what references learn from, shape (users, rated)."""
        table = signals.lookup(StrengthParams(rating_power=2.0).table())
        return signals.weighted(histories, table, self.rated_positions, len(self.rated))

    def rank(self, method: str, score: Scorer, reorder: Reorder | None = None) -> Rankings:
        """Rank every user's candidates by a method's scores."""
        parts = (self.split.given, self.split.owned, self.split.hidden)
        blocks = zip(*(part.blocks(BLOCK) for part in parts), strict=True)
        found = [self._rank(score(given), given, owned, liked, reorder)
                 for given, owned, liked in blocks]  # fmt: skip
        if not found:
            return Rankings(method, np.empty((0, DEPTH), np.int32), np.empty((0, DEPTH), bool))
        columns, hit = (np.concatenate(part) for part in zip(*found, strict=True))
        return Rankings(method, columns, hit)

    def _rank(
        self,
        scores: Scores,
        given: Histories,
        owned: Histories,
        liked: Histories,
        reorder: Reorder | None,
    ) -> tuple[Columns, NDArray[np.bool_]]:
        seen = _indicator(owned, self._candidate_positions, len(self.candidates))
        places = ranked(scores, seen, DEPTH if reorder is None else LIST_LENGTH)
        columns = np.where(places == NOTHING, NOTHING, self.candidates[places]).astype(np.int32)
        columns = columns if reorder is None else reorder(given, columns)[:, :DEPTH]
        everywhere = np.arange(self.anime, dtype=np.int32)
        return columns, hits(columns, _indicator(liked, everywhere, self.anime))


def _places(columns: Columns, anime: int) -> Columns:
    where = np.full(anime, -1, np.int32)
    where[columns] = np.arange(len(columns), dtype=np.int32)
    return where


def _indicator(histories: Histories, positions: Columns, width: int) -> csr_array:
    """1 for each interaction whose column has a position, shape (users, width)."""
    kept = histories.where(positions[histories.columns] >= 0)
    columns = positions[kept.columns]
    return csr_array((np.ones(len(columns), np.float32), columns, kept.starts), (len(kept), width))
