"""`anirec evaluate`: how good the rankings are."""

import tempfile
from pathlib import Path

import click

from jobs import logs, options


@click.command(context_settings={"max_content_width": 100})
@options.data_option
@click.option("--out", metavar="DIR", help="Folder for metrics.json and evaluation.md.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@options.params_option
def evaluate(data: str, out: str | None, seed: int, params_file: str | None) -> None:
    """Hide a part of the ratings, train on the rest, and see who ranks the hidden ones first.

    Ours stands beside popularity and EASE and, where `make peers` has installed them, item-kNN
    and iALS, all on the same split.

    \b
    Example: anirec evaluate --data data/ --out report/
    """
    logs.set_up()
    folder = options.local_folder(data, "--data")
    params = options.read_params(params_file)
    from batch.dataset import open_dataset
    from batch.engine import Engine
    from batch.evaluation.protocols import protocols
    from batch.evaluation.report import markdown, write_report
    from batch.ingest.run import ingest
    from jobs.display import progress_display

    with tempfile.TemporaryDirectory(prefix="anirec-evaluate-") as work, progress_display() as told:
        target = Path(work) / "dataset"
        ingest(folder, target, reject_share=params.ingest.reject_share)
        found = dict(protocols(open_dataset(target), Path(work), params, Engine(), told, seed))
    if out:
        write_report(found, options.local_folder(out, "--out"))
    click.echo(markdown(found))
