"""Everybody at once: `python -m tests.chaos.triggers`.

Refreshes, a backfill and whatever else may work are started together, again and again. Each time
exactly one works, and the others do what they have promised and name it.
"""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import click

from batch.storage.data import announce
from tests.chaos.commands import Site, small_site

_HOLDER: Final = re.compile(r"(?:refresh|backfill) (\d+) on \S+")


@dataclass(frozen=True, slots=True)
class Trigger:
    """A command, and whether it `flips`; where somebody else works, it ends with `code` and says
    something that `gives_way` finds.
    """

    name: str
    command: tuple[str, ...]
    code: int
    gives_way: re.Pattern[str]
    flips: bool = True


_REFRESH: Final = ("refresh", "--data", "{folder}/data", "--train", "never", "--tracking", "off")
_FILL: Final = ("backfill", "--all", "--users-per-second", "20")
_LISTEN: Final = ("listen", "--once", "--folder", "{folder}/data", "--tracking", "off")
_RUNNING: Final = re.compile("another refresh is running")
TRIGGERS: Final = (
    Trigger("nightly", _REFRESH, 0, _RUNNING),
    Trigger("by hand", _REFRESH, 0, _RUNNING),
    Trigger("on new data", _LISTEN, 0, re.compile("another refresh is running|is being read by")),
    Trigger("backfill", _FILL, 3, re.compile("holds the lease"), flips=False),
)


@click.command()
@click.option("--rounds", default=5, show_default=True)
def main(rounds: int) -> None:
    """Do it all and exit with 1 where more or less than one worked, or one said something else."""
    won, wrong = Counter[str](), list[str]()
    with small_site(lease_seconds=60) as site:
        for _ in range(rounds):
            wrong += _round(site, won)
    click.echo(f"{rounds} rounds of {len(TRIGGERS)} at once; who worked: {dict(won)}")
    click.echo("\n".join(wrong) or "one worked each time, and the others named it")
    sys.exit(bool(wrong))


def _round(site: Site, won: Counter[str]) -> Iterator[str]:
    before = site.live()
    announce(site.folder / "data")
    started, door = site.ready(*(one.command for one in TRIGGERS))
    door.touch()
    said = ["".join(one.communicate()) for one in started]
    workers = [n for n, trigger in enumerate(TRIGGERS) if not trigger.gives_way.search(said[n])]
    won.update(TRIGGERS[n].name for n in workers)
    if len(workers) != 1:
        yield f"{len(workers)} worked at once"
        return
    (worker,) = workers
    if started[worker].returncode:
        yield f"{TRIGGERS[worker].name} worked and failed: {said[worker]}"
    flipped = site.live() != before
    if flipped != TRIGGERS[worker].flips:
        yield f"{TRIGGERS[worker].name} worked; that the pointer moved is {flipped}"
    for n in set(range(len(TRIGGERS))) - {worker}:
        yield from _gave_way(TRIGGERS[n], started[n], said[n], started[worker].pid)


def _gave_way(
    trigger: Trigger, ended: subprocess.Popen[str], said: str, worker: int
) -> Iterator[str]:
    if ended.returncode != trigger.code:
        yield f"{trigger.name} ended with {ended.returncode}, not {trigger.code}"
    named = _HOLDER.search(said)
    if named is None or int(named[1]) != worker:
        yield f"{trigger.name} did not name process {worker}: {said}"


if __name__ == "__main__":
    main()
