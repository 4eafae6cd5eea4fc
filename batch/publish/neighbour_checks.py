"""What can be wrong with stored neighbours. Pure."""

import numpy as np
from numpy.typing import NDArray

from schemas import neighbours_codec
from schemas.errors import PayloadError


def check_neighbours(user: int, payload: bytes | None, pool: NDArray[np.int64]) -> str:
    """What is wrong with one user's stored neighbours; empty if nothing is.

    Args:
        user: whose they are.
        payload: as stored, None for missing.
        pool: who may be named, ascending, not empty.
    """
    if payload is None:
        return "missing"
    try:
        ids, levels = _parts(payload)
    except PayloadError as error:
        return str(error)
    if (pool[np.searchsorted(pool[:-1], ids)] != ids).any():
        return "name somebody who is not in the pool"
    if len(np.unique(ids)) != len(ids):
        return "name somebody twice"
    if (ids == user).any():
        return "name the user"
    return "are not in order" if (np.diff(levels) > 0).any() else ""


def has_neighbours(payload: bytes | None) -> bool:
    """Whether a sound payload names anybody."""
    return payload is not None and neighbours_codec.layout(payload).entries > 0


def _parts(payload: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ids and similarities as stored, (entries,) each; ids beyond 63 bits turn negative."""
    found = neighbours_codec.layout(payload)
    ids = np.frombuffer(payload, f"<u{found.width}", found.entries, found.ids)
    levels = np.frombuffer(payload, "<u2", found.entries, found.similarities)
    return ids.astype(np.int64), levels.astype(np.int64)
