"""The rows that models learn from, and those that are hidden from them for practice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from batch import signals
from batch.dataset import Dataset, Histories, joined
from batch.models.blend import FEW
from batch.models.legs import Validation
from batch.params import ValidationParams
from batch.signals import Tastes


@dataclass(frozen=True, slots=True)
class Exercises:
    """Users with something to find.

    `given` is what is known of them, `owned` what is no candidate, and `wanted`, hidden titles
    that they like, 0/1 of shape (users, rated), what is to be found.
    """

    given: Histories
    owned: Histories
    wanted: csr_array

    def only(self, chosen: NDArray[np.bool_]) -> "Exercises":
        """Some of the users, shape (users,)."""
        wanted = self.wanted[np.flatnonzero(chosen)]
        return Exercises(self.given.only(chosen), self.owned.only(chosen), wanted)

    def blocks(self, users: int) -> Iterator["Exercises"]:
        """Cut into blocks of `users` users; the last one may be smaller."""
        for start in range(0, len(self.given), users):
            stop = start + users
            yield Exercises(
                self.given.block(start, stop),
                self.owned.block(start, stop),
                self.wanted[start:stop],
            )


@dataclass(frozen=True, slots=True)
class RowSource:
    """Reads shards of a data set as strengths of its rated titles.

    `positions` gives each catalogue column its place among the `rated` ones, or -1; `table`
    comes from signals.lookup. With `hiding`, training rows lack what exercises ask for.
    """

    dataset: Dataset
    table: NDArray[np.float32]
    positions: NDArray[np.int32]
    rated: int
    params: ValidationParams
    hiding: bool

    def training(self, name: str) -> csr_array:
        """What a shard's users like, shape (users, rated)."""
        return self.tastes(self.shown(name)).strengths

    def shown(self, name: str) -> Histories:
        """A shard without what is hidden."""
        histories = self.dataset.shard(name)
        if not self.hiding:
            return histories
        _, hidden = self._held_out(histories)
        return histories.where(~hidden)

    def tastes(self, histories: Histories) -> Tastes:
        """What models may know of some users."""
        return signals.tastes(histories, self.table, self.positions, self.rated)

    def exercises(self) -> tuple[Exercises, Exercises]:
        """Those to learn from, and those to measure with; not the same users.

        Each user to learn from comes twice: with all that is given, and as if new, with a few
        titles only.
        """
        everybody = _together([self._exercises(name) for name in self.dataset.manifest.shards])
        measured = signals.measured(everybody.given.user_ids, self.params)
        taught = self._telling(everybody.only(~measured))
        return _together([taught, self._as_if_new(taught)]), everybody.only(measured)

    def _as_if_new(self, exercises: Exercises) -> Exercises:
        """The same users with a few of their titles; the others are still no candidates."""
        few = exercises.given.where(signals.few(exercises.given, self.dataset.anime_ids, FEW))
        return self._telling(Exercises(few, exercises.owned, exercises.wanted))

    def _telling(self, exercises: Exercises) -> Exercises:
        """Without users of whom nothing that they like is given: they teach what is popular."""
        return exercises.only(np.diff(self.tastes(exercises.given).strengths.indptr) > 0)

    def validation(self, taught: Exercises) -> Validation:
        """Some of the users to learn from, with all that is given, as matrices."""
        whole = np.diff(taught.given.starts) == np.diff(taught.owned.starts)
        chosen = taught.only(whole & signals.stopping(taught.given.user_ids, self.params))
        return Validation(self.tastes(chosen.given).strengths, chosen.wanted)

    def _exercises(self, name: str) -> Exercises:
        histories = self.dataset.shard(name)
        users, hidden = self._held_out(histories)
        liked = histories.where(hidden & signals.relevant(histories, self.params))
        wanted = self._indicator(liked)
        given = histories.where(~hidden)
        found = Exercises(given, given, wanted)
        return found.only(users & (np.diff(wanted.indptr) > 0))

    def _indicator(self, histories: Histories) -> csr_array:
        return self.tastes(histories).strengths.astype(bool).astype(np.float32)

    def _held_out(self, histories: Histories) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        ids, users = self.dataset.anime_ids, self.dataset.manifest.users
        return signals.held_out(histories, ids, users, self.params)


def _together(parts: Sequence[Exercises]) -> Exercises:
    return Exercises(
        joined([part.given for part in parts]),
        joined([part.owned for part in parts]),
        vstack([part.wanted for part in parts], format="csr"),
    )
