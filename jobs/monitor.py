"""`anirec monitor`: a day of serving in figures, to Comet or an archive."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

import click

from jobs import logs, options, stores
from schemas.errors import PayloadError, TryAgainError

_SECONDS: Final = 10.0


@click.command(context_settings={"max_content_width": 100})
@options.store_option
@options.ratings_option
@options.artifacts_option
@options.params_option
@options.tracking_option
@click.option("--metrics-url", "urls", metavar="URL", envvar="ANIREC_METRICS_URL", multiple=True,
              help="/metrics of an API server; once for each.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def monitor(
    store: str | None,
    ratings_store: str,
    artifacts: str,
    params_file: str | None,
    tracking: str,
    urls: tuple[str, ...],
    as_json: bool,
) -> None:
    """Log how lists are served: sources, seconds, age, drift, ratings of what was listed.

    Run it once a day, before the refresh. Counters are compared with those of the run before,
    which lie in the artifacts.

    \b
    Example: anirec monitor --metrics-url http://localhost:8080/metrics
    """
    logs.set_up()
    folder = options.local_folder(artifacts, "--artifacts")
    storage = options.storage_of(artifacts)
    params = options.read_params(params_file)
    now = datetime.now(UTC)
    from batch.monitoring import lists

    with stores.opened(store) as client:
        other = stores.connected(ratings_store) if ratings_store else client
        figures = lists.figures(client, other, now)
    seen = storage.fetch_files("monitoring")
    figures |= _served(urls, folder / "monitoring" / "counters.json")
    storage.keep_files("monitoring", seen)
    with options.tracked(tracking, folder, storage) as tracker:
        experiment = tracker.begin("serving", params, day=now.date().isoformat())
        experiment.figures |= figures
        tracker.finish(experiment)
        click.echo(json.dumps(figures) if as_json else _lines(figures))


def _served(urls: tuple[str, ...], path: Path) -> dict[str, float]:
    """What the servers did since the run before, whose counters lie at `path`."""
    if not urls:
        return {}
    from batch.monitoring.serving import read
    from schemas import serving

    now = {url: _fetched(url) for url in urls}
    before = _counters(path)
    parts = (serving.since(read(before.get(url, "")), read(text))
             for url, text in now.items())  # fmt: skip
    figures = serving.figures(serving.together(parts))
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(now), encoding="utf-8")
    part.replace(path)
    return figures


def _counters(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise PayloadError(f"{path} is not what this command writes; delete it")
    return found


def _fetched(url: str) -> str:
    try:
        with urlopen(url, timeout=_SECONDS) as answer:
            text: bytes = answer.read()
    except (URLError, TimeoutError) as error:
        raise TryAgainError(f"cannot read {url}: {error}") from error
    return text.decode()


def _lines(figures: dict[str, float]) -> str:
    return "\n".join(f"{name} {value:.4g}" for name, value in figures.items())
