"""Goes through a whole stored list, for what has to be arranged anew.

Plain Python, which scanning.pxd gives types for where it is compiled (decision 31).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.errors import PayloadError
from schemas.ranking_codec import SATURATED, TOP_LEVEL, Layout


@dataclass(frozen=True, slots=True)
class Stored:
    """What deciding on an order takes of some entries of a list: where each is, its column, and by
    how many levels it is above the last one of the list, which is at level `last`.
    """

    last: int
    positions: Sequence[int]
    columns: Sequence[int]
    worth: Sequence[int]


def stored(
    payload: bytes, found: Layout, titles: int, allowed: bytes | None, *, flagged: bool
) -> Stored:
    """Everything but the reasons, of some entries.

    Args:
        payload: the list.
        found: its layout.
        titles: how many the catalogue has.
        allowed: one bit for each column, lowest first: whether it may be among them; None: all.
        flagged: whether entries may be that a product rule speaks against.

    Raises:
        PayloadError: it names a title that is not in the catalogue.
    """
    return _scan(
        payload, found.entries, found.columns, found.drops, found.overflows, found.rules,
        titles, flagged, allowed,
    )  # fmt: skip


def _scan(
    payload: bytes,
    entries: int,
    columns: int,
    drops: int,
    overflow: int,
    rules: int,
    titles: int,
    flagged: bool,
    allowed: bytes | None,
) -> Stored:
    """As `stored`; `columns`, `drops`, `overflow` and `rules` are where these begin.

    Reads what ranking_codec.columns, .fallen and .rules read, in one pass: lists of those made
    first would take half as long again.
    """
    positions: list[int] = []
    named: list[int] = []
    levels: list[int] = []
    fallen = 0
    for at in range(entries):
        drop = payload[drops + at]
        fallen += drop
        if drop == SATURATED and overflow < rules:
            fallen += payload[overflow] | payload[overflow + 1] << 8
            overflow += 2
        if not flagged and payload[rules + (at >> 2)] >> 2 * (at & 3) & 3:
            continue
        column = payload[columns + 2 * at] | payload[columns + 2 * at + 1] << 8
        if column >= titles:
            raise PayloadError(f"the ranking names title {column} of {titles}")
        if allowed is None or allowed[column >> 3] >> (column & 7) & 1:
            positions.append(at)
            named.append(column)
            levels.append(fallen)
    return Stored(TOP_LEVEL - fallen, positions, named, [fallen - one for one in levels])
