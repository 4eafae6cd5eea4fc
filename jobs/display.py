"""Progress for people: bars on a terminal, single lines elsewhere."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from batch.progress import Progress

log = logging.getLogger(__name__)

_TENTHS: Final = 10


@contextmanager
def progress_display() -> Iterator[Progress]:
    """A progress callback for as long as the block runs."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    columns = (
        TextColumn("{task.description:>8}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    )  # fmt: skip
    with Bars(*columns, console=Console(stderr=True)) as bars:
        yield _bar_progress(bars)


def _bar_progress(bars: Bars) -> Progress:
    tasks = {}

    def report(stage: str, done: int, total: int, /, **_: float) -> None:
        if stage not in tasks:
            tasks[stage] = bars.add_task(stage, total=total)
        bars.update(tasks[stage], completed=done, total=total)

    return report


class _Lines:
    """Logs when a stage has passed another tenth, with what was measured there."""

    def __init__(self) -> None:
        self._tenths: dict[str, int] = {}

    def __call__(self, stage: str, done: int, total: int, /, **values: float) -> None:
        tenth = _TENTHS * done // max(total, 1)
        if tenth > self._tenths.get(stage, 0):
            self._tenths[stage] = tenth
            measured = "".join(f", {name} {value:.4g}" for name, value in values.items())
            log.info("%s: %d of %d%s", stage, done, total, measured)
