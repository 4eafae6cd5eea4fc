"""Which product rules speak against each entry of each list: flags, and the default order. Pure."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from batch.dataset import Histories
from batch.ranking import Ranked
from schemas import order
from schemas.order import Order
from schemas.product_order import Facts
from schemas.records import Rule, Status


@dataclass(frozen=True)
class ProductRules:
    """The rules over one catalogue."""

    facts: Facts

    @cached_property
    def _order(self) -> Order:
        return order.over(self.facts)

    @cached_property
    def _series(self) -> NDArray[np.intp]:
        """A small number for the series of each column, 0 for a title that stands alone."""
        return np.unique(np.append(self.facts.series, 0), return_inverse=True)[1][:-1]

    @cached_property
    def _franchises(self) -> NDArray[np.intp]:
        return np.unique(np.append(self.facts.franchise, 0), return_inverse=True)[1][:-1]

    @cached_property
    def _side(self) -> NDArray[np.bool_]:
        return np.array(self.facts.side, bool)

    @cached_property
    def _needs(self) -> NDArray[np.bool_]:
        """Titles that are not where their series starts."""
        needs: NDArray[np.bool_] = np.array(self.facts.needs) > 0
        return needs

    def flags(self, histories: Histories, columns: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Bits of schemas.records.Rule, as product_order.rules_of gives them.

        Args:
            histories: of a block of users.
            columns: their entries, shape (users, n); what is no column gets no flag that means
                anything.

        Returns:
            Shape (users, n).
        """
        entries = np.minimum(columns, len(self._series) - 1)
        seen, statuses = histories.columns, histories.statuses
        began = (statuses != Status.PLANNED) & ~self._side[seen]
        dropped = statuses == Status.DROPPED
        started = _known(histories, self._series, began, entries)
        left = _known(histories, self._franchises, dropped, entries)
        left &= self._franchises[entries] > 0
        missing = self._needs[entries] & ~started
        return Rule.PREREQUISITE_MISSING * missing.astype(np.uint8) | (
            Rule.FRANCHISE_DROPPED * left.astype(np.uint8)
        )

    def orders(self, ranked: Ranked, flags: NDArray[np.uint8]) -> list[bytes]:
        """The positions that each user sees who asks for nothing in particular."""
        parts = (ranked.columns, ranked.levels, flags, ranked.counts)
        return [
            bytes(self._order.default(columns[:n], levels[:n], own[:n]))
            for columns, levels, own, n in zip(*(part.tolist() for part in parts), strict=True)
        ]


def _known(
    histories: Histories,
    group_of: NDArray[np.intp],
    which: NDArray[np.bool_],
    entries: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Whether each user has one of the chosen interactions in the group of each entry.

    Args:
        histories: of a block of users.
        group_of: by column.
        which: interactions that count, shape (interactions,).
        entries: columns, shape (users, n).
    """
    groups = int(group_of.max(initial=0)) + 1
    known = np.zeros((len(histories), groups), bool)
    known[histories.rows[which], group_of[histories.columns[which]]] = True
    found: NDArray[np.bool_] = np.take_along_axis(known, group_of[entries], axis=1)
    return found
