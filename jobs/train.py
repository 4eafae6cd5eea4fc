"""`anirec train`: a model from a data set."""

import click

from jobs import logs, options


@click.command(context_settings={"max_content_width": 100})
@click.option("--dataset", metavar="URI", required=True, help="Folder that ingest has written.")
@options.artifacts_option
@options.params_option
@options.runner_option
@options.runner_arguments
def train(
    dataset: str,
    artifacts: str,
    params_file: str | None,
    runner: str,
    runner_options: tuple[str, ...],
) -> None:
    """Train a model, whether or not a saved one would do.

    \b
    Example: anirec train --dataset var/dataset --artifacts var/artifacts
    """
    logs.set_up()
    folder = options.local_folder(dataset, "--dataset")
    models = options.local_folder(artifacts, "--artifacts") / "models"
    params = options.read_params(params_file)
    engine = options.engine_for(runner, runner_options)
    from batch.dataset import open_dataset
    from batch.model_choice import Train, choose_model
    from jobs.display import progress_display

    with progress_display() as progress:
        opened = open_dataset(folder)
        choice = choose_model(opened, models, Train.ALWAYS, params, engine, progress)
    metrics = ", ".join(f"{name} {value:.4g}" for name, value in choice.manifest.metrics.items())
    click.echo(f"{choice.folder}: {metrics}")
