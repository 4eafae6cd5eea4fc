"""A real browser for tests: Debian's chromium, driven by Playwright."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from playwright.sync_api import Browser


MISSING: Final = "chromium (Debian: apt-get install chromium)"
ALONE: Final = (
    "--no-sandbox", "--headless", "--disable-background-networking", "--disable-sync",
    "--disable-component-update", "--disable-dev-shm-usage", "--no-first-run",
)  # fmt: skip
SCREENSHOTS: Final = Path("var/screenshots")
"""What tests saw, to look at."""


def chromium() -> str | None:
    """Where it is, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def install() -> bool:
    """Put chromium on a Debian machine that lacks it, where that is allowed; say whether it is
    there.
    """
    if chromium() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
            subprocess.run(["apt-get", "-q", *command], check=False, capture_output=True)
    return chromium() is not None


@contextmanager
def browser() -> Iterator["Browser"]:
    """A running one; Playwright is imported only here, so that other tests do without."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=list(ALONE))
        yield started
        started.close()
