"""How much one interaction counts, said once for training, scoring and the live path."""

from collections.abc import Mapping
from typing import Final

from schemas.records import Status

RATED_PREFIX: Final = "rated_"
UNSCORED: Final = "unscored"


def strength(table: Mapping[str, float], rating: int, status: Status) -> float:
    """Look one interaction up in a strengths table.

    The table names `rated_1` to `rated_10`, `unscored`, `dropped` and `planned`. A drop or a
    plan says more than the number beside it; a rating says more than any other status.
    """
    if status in (Status.DROPPED, Status.PLANNED):
        return table[status.name.lower()]
    return table[f"{RATED_PREFIX}{rating}"] if rating else table[UNSCORED]
