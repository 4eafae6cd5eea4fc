"""`anirec forget`: erase everything about a user."""

from contextlib import ExitStack

import click

from jobs import options, stores
from schemas.records import MAX_USER_ID, UserId


@click.command(context_settings={"max_content_width": 100})
@click.argument("user", type=click.IntRange(0, MAX_USER_ID))
@options.store_option
@options.ratings_option
def forget(user: int, store: str | None, ratings_store: str) -> None:
    """Erase USER: lists in every generation, history, neighbours, ratings, receipts.

    Rows of this user are left out of every later data set, also where nothing is stored yet. It
    says whether anything was. It does what DELETE /v1/users/USER does, and may be repeated.

    \b
    Example: anirec forget 42 --store redis://localhost:6379
    """
    from schemas.store import forgetting

    with ExitStack() as stack:
        lists = stack.enter_context(stores.opened(store))
        ratings = stack.enter_context(stores.connected(ratings_store)) if ratings_store else lists
        found = forgetting.forget(lists, ratings, UserId(user))
    done = f"user {user} is forgotten" if found else f"nothing was stored about user {user}"
    click.echo(f"{done}; later data sets leave them out")
