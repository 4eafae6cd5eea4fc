"""`anirec announce`: say that a data set is complete."""

import click

from jobs import logs, options


@click.command(context_settings={"max_content_width": 100})
@options.data_option
def announce(data: str) -> None:
    """Write dataset.json beside the files of a data set: their names, sizes and checksums.

    It is what `anirec listen` waits for, so it comes last, after all files are there. From then
    on a refresh reads these files only, and none that differs.

    \b
    Example: anirec announce --data gs://bucket/2026-11-24
    """
    logs.set_up()
    remote, folder = options.remote_folder(data), options.local_folder(data, "--data")
    from batch.ingest import layouts
    from batch.storage import data as announcing

    if remote is not None:
        click.echo(announcing.announce_remote(remote))
        return
    options.require_data(data)
    layouts.recognise(folder)  # refuses what no refresh could read
    click.echo(announcing.announce(folder))
