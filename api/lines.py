"""The head of a stored list, read field by field without building a record for each entry."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from struct import unpack_from
from typing import Final

from schemas import ranking_codec
from schemas.errors import PayloadError
from schemas.ranking_codec import NO_COLUMN, SATURATED, TOP_LEVEL, Layout

Because = tuple[int, int, int, int]
"""First contributor, its share, second contributor, its share; shares in 255ths, and
NO_COLUMN where there is no contributor."""

NOTHING: Final[Because] = (NO_COLUMN, 0, NO_COLUMN, 0)


@dataclass(frozen=True, slots=True)
class Lines:
    """Best first; `reasons` may be shorter than the rest, which then has none."""

    columns: Sequence[int] = ()
    scores: Sequence[float] = ()
    reasons: Sequence[Because] = ()


def read(payload: bytes, limit: int) -> Lines:
    """Read the first `limit` entries of a ranking payload.

    Raises:
        PayloadError: the bytes are not a ranking of a version we know.
    """
    found = ranking_codec.layout(payload)
    n = min(limit, found.entries)
    columns = unpack_from(f"<{n}H", payload, found.columns)
    return Lines(columns, _scores(payload, found, n), _reasons(payload, found, n))


def _scores(payload: bytes, found: Layout, n: int) -> list[float]:
    if not math.isfinite(found.floor + found.step):
        raise PayloadError("scores are not finite")
    overflows = None
    level, scores = TOP_LEVEL, []
    for drop in payload[found.drops : found.drops + n]:
        level -= drop
        if drop == SATURATED:
            overflows = overflows or iter(_overflows(payload, found))
            level -= next(overflows, 0)
        scores.append(found.floor + found.step * level)
    return scores


def _overflows(payload: bytes, found: Layout) -> tuple[int, ...]:
    return unpack_from(f"<{(found.rules - found.overflows) // 2}H", payload, found.overflows)


def _reasons(payload: bytes, found: Layout, n: int) -> list[Because]:
    r = min(n, found.with_reasons)
    return list(
        zip(
            unpack_from(f"<{r}H", payload, found.first),
            payload[found.first_share : found.first_share + r],
            unpack_from(f"<{r}H", payload, found.second),
            payload[found.second_share : found.second_share + r],
            strict=True,
        )
    )
