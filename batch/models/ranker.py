"""Puts the best candidates of the blend in their final order: a small network, in numpy. Pure."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from batch.models.exact import on_grid

Values = NDArray[np.float32]

_NUMBER_GRID, _WEIGHT_GRID = 2**6, 2**9
_LARGEST: Final = np.float32(8)
"""Numbers are clipped to this. On these grids a sum of products is exact, in whatever order it is
added up, as long as the weights' sizes add up to no more than _MOST: a candidate's correction then
does not depend on who else is in the block (models/exact.py)."""
_MOST: Final = np.float32(2**24 / (_NUMBER_GRID * _WEIGHT_GRID) / _LARGEST)


@dataclass(frozen=True, slots=True)
class Ranker:
    """One hidden layer of rectified units over standardised numbers.

    `mean` and `scale` (numbers,) standardise; `inner` (numbers, hidden), `start` (hidden,) and
    `outer` (hidden,) are the network; a correction counts `1 / sharpness` standard deviations of
    the blend.
    """

    mean: Values
    scale: Values
    inner: Values
    start: Values
    outer: Values
    sharpness: float

    def corrections(self, described: Values) -> Values:
        """What to add to each candidate's standardised blend, (users, candidates).

        Args:
            described: from candidates.describe, (users, candidates, numbers).
        """
        if not self.inner.size:
            return np.zeros(described.shape[:-1], np.float32)
        numbers = np.clip((described - self.mean) / self.scale, -_LARGEST, _LARGEST)
        hidden = np.maximum(on_grid(numbers, _NUMBER_GRID) @ self.inner + self.start, 0)
        found = on_grid(np.minimum(hidden, _LARGEST), _NUMBER_GRID) @ self.outer
        return found / np.float32(self.sharpness)

    def save(self, path: Path) -> None:
        """Write as .npz."""
        np.savez(
            path,
            mean=self.mean,
            scale=self.scale,
            inner=self.inner,
            start=self.start,
            outer=self.outer,
            sharpness=np.float64(self.sharpness),
        )

    @classmethod
    def load(cls, path: Path) -> "Ranker":
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as found:
            arrays = {name: found[name] for name in ("mean", "scale", "inner", "start", "outer")}
            return cls(**arrays, sharpness=float(found["sharpness"]))


def on_grids(
    mean: Values, scale: Values, inner: Values, start: Values, outer: Values, sharpness: float
) -> Ranker:
    """Round a trained network's weights to where its sums are exact.

    A unit whose weights add up to more than that is shrunk, as none has been yet.
    """
    both = _shrunk(np.vstack((inner, start)))
    inner, start = both[:-1], both[-1]
    inner, start, outer = (on_grid(one, _WEIGHT_GRID) for one in (inner, start, _shrunk(outer)))
    return Ranker(mean, scale, inner, start, outer, sharpness)


def _shrunk(weights: Values) -> Values:
    sizes = np.abs(weights).sum(axis=0)
    most = _MOST - np.float32(len(weights) / _WEIGHT_GRID)  # rounding may add so much
    found: Values = weights * np.minimum(1, most / np.maximum(sizes, most))
    return found


def neutral(sharpness: float) -> Ranker:
    """A ranker that changes nothing, however many numbers it is shown."""
    zero = np.zeros(1, np.float32)
    return Ranker(zero, zero + 1, np.zeros((0, 0), np.float32), zero, zero, sharpness)
