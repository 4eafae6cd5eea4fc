"""`anirec sample`: made-up data in the Kaggle layout."""

from pathlib import Path

import click

from jobs import logs


@click.command(context_settings={"max_content_width": 100})
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True,
              help="Folder to write to; it is made if need be.")  # fmt: skip
@click.option("--users", type=click.IntRange(min=1), default=5000, show_default=True,
              help="Viewers to invent.")  # fmt: skip
@click.option(
    "--anime", type=click.IntRange(min=1), help="Titles; by default a few hundred known ones."
)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True,
              help="The same seed makes the same data.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace sample files that are there already.")
def sample(out: Path, users: int, anime: int | None, seed: int, overwrite: bool) -> None:
    """Write a data set that looks like the Kaggle one: known anime, invented viewers.

    \b
    Example: anirec sample --out data/ --users 5000
    """
    logs.set_up()
    from batch.sample import write_sample

    try:
        done = write_sample(out, users=users, anime=anime, seed=seed, overwrite=overwrite)
    except FileExistsError as error:
        raise click.UsageError(f"{error}; --overwrite replaces it") from error
    click.echo(
        f"{out}: {done.users} users, {done.anime} anime, {done.rows} rows in {done.seconds:.1f} s"
    )
