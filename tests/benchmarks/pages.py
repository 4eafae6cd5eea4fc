"""`make bench-pages URL=…`: how soon pages of a running server show, and what they weigh.

The processor of the page is slowed down four times, as a cheap phone's would be. With SHOTS=DIR
the pages are kept as pictures too.
"""

import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tests import browsers
from tests.benchmarks.ratios import show

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROUNDS: Final = 5
SLOWER: Final = 4
PAGES: Final[Mapping[str, str]] = {
    "start": "/",
    "picks": "/?likes=5114:9,1535:10,20:x",
    "user": "/users?user_id=7",
    "title": "/anime/5114",
    "insights": "/insights",
    "import": "/import",
    "ops": "/ops",
}
SIZES: Final = {"wide": (1440, 900), "phone": (360, 740)}
_LARGEST: Final = """new Promise((done) => new PerformanceObserver((seen) => {
  done(seen.getEntries().at(-1).startTime);
}).observe({type: "largest-contentful-paint", buffered: true}))"""
_WEIGHT: Final = """["navigation", "resource"].map((kind) => performance.getEntriesByType(kind)
  .reduce((sum, one) => sum + one.encodedBodySize, 0))"""


@click.command()
@click.argument("url")
@click.option("--shots", type=click.Path(path_type=Path), help="Where pictures go.")
@click.option("--key", help="An operator's key, to look behind the sign-in form.")
def main(url: str, shots: Path | None, key: str | None) -> None:
    """Open each page some times in a fresh profile, and show medians."""
    if not browsers.install():
        raise click.ClickException(f"not measured, for want of {browsers.MISSING}")
    with browsers.browser() as browser:
        for name, path in PAGES.items():
            taken = [_measured(browser, url + path) for _ in range(ROUNDS)]
            shown, page, others = (statistics.median(part) for part in zip(*taken, strict=True))
            rows = {
                f"largest paint, processor {SLOWER} times slower": f"{shown:>8.0f} ms",
                "page": f"{page / 1000:>8.1f} kB",
                "styles, scripts, pictures": f"{others / 1000:>8.1f} kB",
            }
            show(f"{name}  {path}", rows)
            if shots:
                _keep(browser, url, name, shots, key)


def _measured(browser: "Browser", address: str) -> tuple[float, float, float]:
    """Milliseconds until the largest paint; bytes of the page and of what it needs."""
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto(address, wait_until="load")
    shown, (weight, others) = page.evaluate(_LARGEST), page.evaluate(_WEIGHT)
    context.close()
    return shown, weight, others


def _keep(browser: "Browser", url: str, name: str, folder: Path, key: str | None) -> None:
    """Pictures in both themes and both sizes, of the first screen."""
    folder.mkdir(parents=True, exist_ok=True)
    for size, (width, height) in SIZES.items():
        for theme in ("light", "dark"):
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=theme
            )
            page = context.new_page()
            page.goto(url + PAGES[name])
            if name == "ops" and key:
                _sign_in(page, key)
            page.screenshot(path=folder / f"{name}-{size}-{theme}.png")
            context.close()


def _sign_in(page: "Page", key: str) -> None:
    page.get_by_label("Key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()


if __name__ == "__main__":
    main()
