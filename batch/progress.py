"""How long work says how far it is, how well it goes, and what it has done."""

from typing import Protocol


class Progress(Protocol):
    """Called with a stage, how many steps are done, and how many there are.

    `values` are what was measured at this step, such as a loss: points of curves for whoever
    keeps them.
    """

    def __call__(self, stage: str, done: int, total: int, /, **values: float) -> None: ...


class Notes(Protocol):
    """Called with facts for the record of a run, by the names of its fields (schemas.runs.Run)."""

    def __call__(self, **facts: object) -> None: ...


def unnoted(**_: object) -> None:
    """For runs that nobody keeps a record of."""
