"""Cutting a stream into lists of bounded length."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

Item = TypeVar("Item")

REDIS_CHUNK: Final = 1000
"""Keys in one command or pipeline: measured as fast as larger ones, and a small buffer."""


def chunks(items: Iterable[Item], size: int = REDIS_CHUNK) -> Iterator[list[Item]]:
    """Lists of `size` items; the last one may be shorter."""
    stream = iter(items)
    while chunk := list(islice(stream, size)):
        yield chunk
