"""`anirec evaluate`: how good the rankings are."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jobs import logs, options

if TYPE_CHECKING:
    from batch.evaluation.protocols import Evaluation


@click.command(context_settings={"max_content_width": 100})
@options.data_option
@click.option(
    "--out",
    metavar="URI",
    help="Folder for metrics.json, evaluation.md and plots; by default tables are only printed.",
)
@click.option("--protocols", metavar="NAME,...", help="Some only; listed above.")
@click.option("--methods", metavar="NAME,...", help="Some only; listed above.")
@click.option(
    "--seeds",
    metavar="N,...",
    default="0",
    show_default=True,
    help="Seeds of the splits to take means over.",
)
@click.option(
    "--examples", is_flag=True, help="Also lists to read, of ten users and ten titles: examples.md."
)
@options.params_option
@options.tracking_option
def evaluate(
    data: str,
    out: str | None,
    protocols: str | None,
    methods: str | None,
    seeds: str,
    examples: bool,
    params_file: str | None,
    tracking: str,
) -> None:
    """Hide a part of the ratings, train on the rest, and see who ranks the hidden ones first.

    Ours stands beside tuned references on the same splits, with intervals and paired tests.
    `make peers` installs what some of them need. All of it takes many minutes: choose.

    \b
    Protocols: hold-out    a fifth of everybody's list is hidden
               newcomers   a tenth of the users is left out of training; also by the live path
               cold-users  of these newcomers only 1, 3, 5 or 10 titles are given
               cold-anime  one title in twenty loses all its ratings, and these are ranked
    Methods:   ours, ablations (ours without each of its parts: trains twice more),
               popularity, item-knn, bpr, ials, mult-vae, ease, student-model (hold-out),
               genre-popularity, users-genres, content-knn (cold-anime)

    \b
    Example: anirec evaluate --data data/ --out report/
             anirec evaluate --data data/ --protocols hold-out --methods ours,ease --seeds 0,1,2
    """
    logs.set_up()
    options.require_data(data)
    folder = options.local_folder(data, "--data")
    target = options.local_folder(out, "--out") if out else None
    params = options.read_params(params_file)
    from batch.dataset import open_dataset
    from batch.engine import IN_PROCESS
    from batch.evaluation import protocols as known
    from batch.evaluation.references import PROTOCOLS, not_installed
    from batch.evaluation.report import figures, write_report
    from batch.evaluation.tables import markdown
    from batch.evaluation.titles import franchises_of, titles_of
    from batch.ingest.run import ingest
    from batch.reuse import code_fingerprint
    from batch.tracking import figures_of
    from jobs.display import progress_display

    wanted = _choice("--methods", methods, known.METHODS)
    cut = _choice("--protocols", protocols, PROTOCOLS)
    numbers = _numbers(seeds)
    with (
        options.tracked(tracking, options.VAR / "artifacts") as tracker,
        tempfile.TemporaryDirectory(prefix="anirec-evaluate-") as work,
    ):
        options.storage_of(str(options.VAR / "artifacts"), data).fetch_data(folder)
        ingest(folder, Path(work) / "dataset", reject_share=params.ingest.reject_share)
        dataset = open_dataset(Path(work) / "dataset")
        experiment = tracker.begin(
            "evaluation", params, dataset=dataset.manifest.hash, code=code_fingerprint()
        )
        with progress_display() as told:
            titles = titles_of(dataset.table, franchises_of(dataset))
            evaluation = known.Evaluation(
                dataset, titles, Path(work), params, IN_PROCESS, experiment.following(told),
                protocols=cut, methods=wanted, seeds=numbers,
            )  # fmt: skip
            results = known.evaluate(evaluation)
            more = _examples(evaluation) if examples else ""
        missing = not_installed(wanted)
        if target:
            write_report(results, target, missing, more)
            options.keep_folder(target, out or "")
            experiment.files = [str(path) for path in sorted(target.absolute().rglob("*.*"))]
        experiment.figures = figures_of(figures(results))
        tracker.finish(experiment)
        click.echo("\n".join([markdown(results, missing), more]))


def _examples(evaluation: "Evaluation") -> str:
    """Lists of a model that has seen all the data, and of one that lacks some titles' ratings."""
    from batch.evaluation.examples import examples, gallery, likeness_of_cold
    from batch.evaluation.protocols import model_folder, rules_of, trained, without_cold

    dataset, params = evaluation.dataset, evaluation.params
    model = trained(evaluation, dataset, params)
    rules = rules_of(dataset, model_folder(dataset))
    lists = examples(gallery(model, rules, dataset, params.lists))
    poorer, cold = without_cold(evaluation)
    return lists + likeness_of_cold(poorer, evaluation.titles, cold, params.lists)


def _choice(option: str, text: str | None, known: Sequence[str]) -> list[str]:
    """Names as they are called inside, from a list with commas; all of them without one."""
    by_option = {_option_name(one): one for one in known}
    asked = [_option_name(one) for one in text.split(",")] if text else list(by_option)
    unknown = [one for one in asked if one not in by_option]
    if unknown:
        raise click.BadParameter(
            f"unknown {', '.join(unknown)}; known are {', '.join(by_option)}", param_hint=option
        )
    return [by_option[one] for one in dict.fromkeys(asked)]


def _option_name(name: str) -> str:
    return name.strip().lower().replace(" ", "-").replace("'", "")


def _numbers(text: str) -> list[int]:
    parts = [one.strip() for one in text.split(",")]
    if not all(one.isascii() and one.isdecimal() for one in parts):
        raise click.BadParameter(f"whole numbers with commas, got {text!r}", param_hint="--seeds")
    return list(dict.fromkeys(map(int, parts)))
