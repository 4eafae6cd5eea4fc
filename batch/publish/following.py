"""Following the writers: how many lists they say they have written, wherever they run."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, cast

from redis import Redis, RedisError

from batch.progress import Progress
from schemas import keys
from schemas.records import Generation

_SECONDS: Final = 0.2


@contextmanager
def following(
    client: Redis, generation: Generation, users: int, progress: Progress
) -> Iterator[None]:
    """Report, while the block runs, how many lists the workers say they have written."""
    done = threading.Event()
    follower = threading.Thread(
        target=_follow, args=(client, generation, users, progress, done), daemon=True
    )
    follower.start()
    try:
        yield
    finally:
        done.set()
        follower.join()
    progress("score", users, users)


def _follow(
    client: Redis, generation: Generation, users: int, progress: Progress, done: threading.Event
) -> None:
    while not done.wait(_SECONDS):
        try:
            written = cast(bytes | None, client.get(keys.progress(generation)))
        except RedisError:
            continue  # only a display; the writers will tell if the store is away
        # Titles are written beside the users: all is done when the block is.
        progress("score", min(int(written or 0), users - 1), users)
