"""Makes up a realistic data set in the Kaggle 2020 layout, of any size, from a seed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import numpy as np

from batch.sample import features, shelf, writer

__all__ = ["SampleSummary", "write_sample"]


@dataclass(frozen=True, slots=True)
class SampleSummary:
    """What was written; ``rows`` counts interactions."""

    users: int
    anime: int
    rows: int
    seconds: float


def write_sample(
    out: Path,
    *,
    users: int,
    anime: int | None,
    seed: int,
    overwrite: bool = False,
    progress: Callable[[int], None] | None = None,
) -> SampleSummary:
    """Write anime.csv, anime_with_synopsis.csv, anime_tags.csv and animelist.csv into ``out``.

    Args:
        out: made if it does not exist.
        users: their ids are 1 to this number. More users with the same seed and ``anime``
            keep the rows of the first ones.
        anime: None for exactly the hand-written catalogue; more than that adds made-up titles,
            fewer keeps the most popular.
        seed: not negative; the same seed gives the same bytes on the same machine.
        overwrite: whether files of an earlier sample may be replaced.
        progress: called with the number of users done since the last call.

    Raises:
        ValueError: an argument is out of range.
        FileExistsError: one of the files lies there already and ``overwrite`` is False.
    """
    _require(users=users, anime=anime, seed=seed)
    _require_room(out, overwrite)
    began = monotonic()
    titles = shelf.titles(anime, seed)
    table = features.build(titles, np.random.default_rng(np.random.SeedSequence(seed)))
    with writer.staged(out) as stage:
        path = stage / writer.INTERACTIONS
        tally = writer.write_interactions(path, table, users, seed, progress or _ignore)
        writer.write_catalogue(stage, titles, tally)
    return SampleSummary(users, len(titles), tally.rows, monotonic() - began)


def _require(*, users: int, anime: int | None, seed: int) -> None:
    if users < 1:
        raise ValueError(f"users must be positive, got {users}")
    if anime is not None and anime < 1:
        raise ValueError(f"anime must be positive or None, got {anime}")
    if seed < 0:
        raise ValueError(f"seed must not be negative, got {seed}")


def _require_room(out: Path, overwrite: bool) -> None:
    present = [name for name in writer.FILES if (out / name).exists()]
    if present and not overwrite:
        raise FileExistsError(f"out must not hold {', '.join(present)} already, got {out}")


def _ignore(users: int) -> None:
    """Nobody wants to know."""
