"""How long work says how far it is, and how well it goes."""

from typing import Protocol


class Progress(Protocol):
    """Called with a stage, how many steps are done, and how many there are.

    `values` are what was measured at this step, such as a loss: points of curves for whoever
    keeps them.
    """

    def __call__(self, stage: str, done: int, total: int, /, **values: float) -> None: ...
