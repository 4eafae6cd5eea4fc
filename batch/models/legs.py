"""What a leg of the hybrid is, and which legs there are; nothing else knows them by name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Final, Protocol, cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from batch.features import Features
from batch.params import Params
from batch.progress import Progress

Scores = NDArray[np.float32]

LEGS: Final = ("linear", "people", "content")
"""Modules of batch.models, each with `fit` and `load`. The first one sets the scale of scores,
the last one can rank titles that nobody has rated."""


PEOPLE: Final = "people"
"""The leg that places users among each other; see PeopleLeg."""


class Leg(Protocol):
    """A fitted model of the rated titles."""

    def score(self, strengths: csr_array) -> Scores:
        """Score every rated title for every user, shape (users, rated).

        A user's scores depend on that user's row only, as long as the number of rows is the
        same: callers pad blocks to a fixed size.
        """

    def save(self, folder: Path) -> None:
        """Write everything `load` needs into an existing, empty folder. No pickles."""


class PeopleLeg(Leg, Protocol):
    """A leg that has a vector for everybody, also for users it was not trained on."""

    def vectors(self, strengths: csr_array) -> NDArray[np.float32]:
        """Place users by their taste, shape (users, factors): rows of length one.

        The row of a user without strengths is zero. Like scores, a row depends on that user
        only, as long as blocks are padded to one size.
        """


@dataclass(frozen=True, slots=True)
class Validation:
    """Validation users: what a leg may see of them, shape (users, rated), and what it must
    find, 0/1 of the same shape.
    """

    given: csr_array
    wanted: csr_array


@dataclass(frozen=True, slots=True)
class Training:
    """All that a leg is fitted on.

    `shards` streams the users' strengths, shape (users of the shard, rated), anew at each call;
    `gram` is their damped Gram matrix, (rated, rated) float64; `features` and `text`, (anime,
    factors), are what is known of all titles in model order, the rated ones first. In the final
    training nothing is held out: `again` is true, `validation` is empty, and `practised` is the
    leg that was fitted on the practice rows, which knows how long to train; None for the first
    leg, which need not know.
    """

    users: int
    rated: int
    shards: Callable[[], Iterator[csr_array]]
    gram: NDArray[np.float64]
    features: Features
    text: NDArray[np.float32]
    validation: Validation
    params: Params
    progress: Progress
    practised: "Leg | None" = None
    again: bool = False

    def stage(self, leg: str) -> str:
        """What progress calls the fitting of a leg: practice and the final one differ."""
        return f"{leg} again" if self.again else leg

    def without_gram(self) -> "Training":
        """The same for what outlives the fit, as generators do that TensorFlow reads from."""
        return replace(self, gram=np.empty((0, 0)))


class LegModule(Protocol):
    """What a module named in LEGS offers."""

    def fit(self, training: Training) -> Leg: ...
    def load(self, folder: Path) -> Leg: ...


def leg_module(name: str) -> LegModule:
    """Import a leg only when it is used: one of them imports TensorFlow."""
    if name not in LEGS:
        raise ValueError(f"unknown leg {name!r}, known are {', '.join(LEGS)}")
    return cast(LegModule, import_module(f"batch.models.{name}"))
