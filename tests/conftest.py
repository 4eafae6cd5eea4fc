"""Settings for all tests."""

import os

import pytest
from hypothesis import settings

from tests import browsers, emulators

# A landing must not depend on luck: CI tries the same examples each time, people try new ones.
# No deadlines, since a busy machine is not a fault.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("people", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "people")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was not tried, and what is missing for it."""
    skipped = [str(one.longrepr) for one in terminalreporter.stats.get("skipped", [])]
    kinds = {
        emulators.NOT_TRIED: ("Cloud Storage and Pub/Sub", emulators.missing),
        browsers.NOT_TRIED: ("the dashboard in a browser", lambda: browsers.MISSING),
    }
    for marker, (subject, missing) in kinds.items():
        if count := sum(marker in reason for reason in skipped):
            line = f"{count} tests of {subject}: this machine lacks {missing()}"
            terminalreporter.section("NOT TRIED", sep="!", red=True, bold=True)
            terminalreporter.write_line(line, red=True, bold=True)
