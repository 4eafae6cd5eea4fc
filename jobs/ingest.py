"""`anirec ingest`: files into a data set."""

import click

from jobs import logs, options


@click.command(context_settings={"max_content_width": 100})
@options.data_option
@click.option(
    "--out", metavar="URI", required=True, help="New folder for the data set, local or gs://."
)
@options.params_option
@options.runner_option
@options.runner_arguments
def ingest(
    data: str, out: str, params_file: str | None, runner: str, runner_options: tuple[str, ...]
) -> None:
    """Read, check and shard the data; unusable rows go to rejects.csv beside it.

    \b
    Example: anirec ingest --data data/ --out var/dataset
    """
    logs.set_up()
    options.require_data(data)
    folder, target = options.local_folder(data, "--data"), options.local_folder(out, "--out")
    params = options.read_params(params_file)
    storage = options.storage_of(str(target), data)
    from batch.ingest.run import ingest as run

    storage.fetch_data(folder)
    manifest = run(
        folder,
        target,
        reject_share=params.ingest.reject_share,
        engine=options.engine_for(runner, runner_options),
    )
    options.keep_folder(target, out)
    click.echo(
        f"{out}: {manifest.rows} rows of {manifest.users} users and {manifest.anime} anime, "
        f"{sum(manifest.rejected.values())} rejected, hash {manifest.hash}"
    )
