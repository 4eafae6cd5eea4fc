"""`anirec train`: a model from a data set."""

import click

from jobs import logs, options


@click.command(context_settings={"max_content_width": 100})
@click.option("--dataset", metavar="URI", required=True, help="Folder that ingest has written.")
@options.artifacts_option
@options.params_option
@options.tracking_option
@options.runner_option
@options.runner_arguments
def train(
    dataset: str,
    artifacts: str,
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
    params = options.read_params(params_file)
    engine = options.engine_for(runner, runner_options)
    from batch.dataset import open_dataset
    from batch.model_choice import Train, choose_model
    from jobs.display import progress_display

    with options.tracked(tracking, target) as tracker:
        with progress_display() as progress:
            choice = choose_model(open_dataset(folder), target / "models", Train.ALWAYS, params,
                                  engine, progress, tracker)  # fmt: skip
        metrics = ", ".join(f"{name} {v:.4g}" for name, v in choice.manifest.metrics.items())
        click.echo(f"{choice.folder}: {metrics}")
