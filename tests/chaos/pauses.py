"""Asleep past the lease: `python -m tests.chaos.pauses`.

A refresh is stopped (SIGSTOP) at a random moment for longer than its lease lasts; another one takes
over and publishes; the first is woken. It must not flip, and must leave nothing behind.
"""

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Final

import click
from redis import Redis

from schemas import keys
from tests.chaos.commands import Site, small_site

LEASE_SECONDS: Final = 3
PATIENCE: Final = 120.0
_REFRESH: Final = ("refresh", "--data", "{folder}/data", "--train", "never", "--tracking", "off")
_BUSY: Final = "another refresh is running"


@click.command()
@click.option("--rounds", default=8, show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(rounds: int, seed: int) -> None:
    """Do it all and exit with 1 where one that was asleep has changed anything."""
    chance, fates, wrong = random.Random(seed), Counter[str](), list[str]()
    with small_site(LEASE_SECONDS) as site:
        for _ in range(rounds):
            wrong += _round(site, chance, fates)
    click.echo(f"{rounds} refreshes stopped past their lease: {dict(fates)}")
    click.echo("\n".join(wrong) or "none of them flipped, and none left anything")
    sys.exit(bool(wrong))


def _round(site: Site, chance: random.Random, fates: Counter[str]) -> Iterator[str]:
    (sleeper,), door = site.ready(_REFRESH)
    before = site.live()
    door.touch()
    _wait_for_lease(site, sleeper)
    time.sleep(chance.uniform(0, 1.5))
    sleeper.send_signal(signal.SIGSTOP)
    flipped_before = site.live() != before
    _publish(site)
    after, stored = site.live(), site.generations()
    sleeper.send_signal(signal.SIGCONT)
    said = "".join(sleeper.communicate())
    fates["was done before" if flipped_before else "gave up"] += 1
    if site.live() != after:
        yield f"the pointer moved when it woke: {said}"
    if site.generations() - stored:
        yield f"it left {site.generations() - stored}"
    if not flipped_before and (sleeper.returncode != 1 or "the lease ran out" not in said):
        yield f"it ended with {sleeper.returncode}: {said}"


def _wait_for_lease(site: Site, sleeper: subprocess.Popen[str]) -> None:
    with Redis.from_url(site.url) as client:
        while f" {sleeper.pid} ".encode() not in (client.hget(keys.CONTROL, "holder") or b""):
            if sleeper.poll() is not None:
                raise RuntimeError("it ended before it had the lease")


def _publish(site: Site) -> None:
    """As a scheduler does: again until the lease has run out."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        (other,), door = site.ready(_REFRESH)
        door.touch()
        said = "".join(other.communicate())
        if other.returncode:
            raise RuntimeError(said)
        if _BUSY not in said:
            return
    raise RuntimeError("the lease does not run out")


if __name__ == "__main__":
    main()
