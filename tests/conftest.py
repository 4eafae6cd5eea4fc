"""Settings for all tests."""

import os

import pytest
from hypothesis import settings

from tests import emulators

# A landing must not depend on luck: CI tries the same examples each time, people try new ones.
# No deadlines, since a busy machine is not a fault.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("people", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "people")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was not tried, and what is missing for it."""
    skipped = terminalreporter.stats.get("skipped", [])
    count = sum(emulators.NOT_TRIED in str(one.longrepr) for one in skipped)
    if count:
        terminalreporter.section("NOT TRIED", sep="!", red=True, bold=True)
        terminalreporter.write_line(
            f"{count} tests of Cloud Storage and Pub/Sub: this machine lacks {emulators.missing()}",
            red=True,
            bold=True,
        )
