"""Settings for all tests."""

import os
from collections import Counter

import pytest
from hypothesis import settings

from tests import compiled, emulators

# A landing must not depend on luck: CI tries the same examples each time, people try new ones.
# No deadlines, since a busy machine is not a fault.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("people", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "people")


def pytest_configure() -> None:
    """Refuse to test what is not what the sources say."""
    old = compiled.stale()
    if old:
        raise pytest.UsageError(
            f"not of the source that is here: {', '.join(old)}; `make setup` compiles"
        )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was not tried, and what is missing for it."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = (str(one.longrepr[2]) for one in skipped if isinstance(one.longrepr, tuple))
    counts = Counter(one for one in reasons if emulators.NOT_TRIED in one)
    if counts:
        terminalreporter.section("NOT TRIED", sep="!", red=True, bold=True)
    for reason, count in counts.items():
        said = reason.partition(f"{emulators.NOT_TRIED}: ")[2]
        terminalreporter.write_line(f"{count} tests; {said}", red=True, bold=True)
