"""Taking turns: several ways of doing one thing, each timed a few times in one run."""

import statistics
import time
from collections.abc import Callable, Mapping

import click


def take_turns(ways: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each way, after one round that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            if turn:
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(times) for name, times in seconds.items()}


def show(title: str, rows: Mapping[str, str]) -> None:
    """Print one block of figures."""
    click.echo(f"\n{title}")
    for name, value in rows.items():
        click.echo(f"  {name:<44} {value}")
