"""`anirec train`: a model from a data set."""

import click

from jobs import logs, options


@click.command(context_settings={"max_content_width": 100})
@click.option(
    "--dataset",
    metavar="URI",
    required=True,
    help="Folder that ingest has written, local or gs://.",
)
@options.artifacts_option
@click.option(
    "--report", metavar="DIR", help="Folder for metrics.json and curves/*.tsv, local or gs://."
)
@options.params_option
@options.tracking_option
@options.runner_option
@options.runner_arguments
def train(
    dataset: str,
    artifacts: str,
    report: str | None,
    params_file: str | None,
    tracking: str,
    runner: str,
    runner_options: tuple[str, ...],
) -> None:
    """Train a model, whether or not a saved one would do.

    \b
    Example: anirec train --dataset var/dataset --artifacts var/artifacts
    """
    logs.set_up()
    folder = options.local_folder(dataset, "--dataset")
    target = options.local_folder(artifacts, "--artifacts")
    storage = options.storage_of(artifacts)
    options.fetch_folder(folder, dataset)
    params = options.read_params(params_file)
    engine = options.engine_for(runner, runner_options)
    from batch.curves import write_training_report
    from batch.dataset import open_dataset
    from batch.model_choice import Train, choose_model
    from batch.tracking import Experiment
    from jobs.display import progress_display

    noted = Experiment("training", None)  # for the report, whether or not it is tracked

    with options.tracked(tracking, target, storage) as tracker:
        with progress_display() as progress:
            choice = choose_model(open_dataset(folder), target / "models", Train.ALWAYS, params,
                                  engine, noted.following(progress), tracker)  # fmt: skip
            storage.publish(f"models/{choice.folder.name}")
        figures = choice.manifest.metrics
        if report:
            reported = options.local_folder(report, "--report")
            write_training_report(figures, noted.points, reported)
            options.keep_folder(reported, report)
        metrics = ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
        click.echo(f"{storage.address(choice.folder)}: {metrics}")
