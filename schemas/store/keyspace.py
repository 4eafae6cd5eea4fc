"""What can be done to all keys of a generation at once. Works on a cluster: key by key."""

from collections.abc import Callable, Container, Iterable
from typing import cast

from redis import Redis
from redis.client import Pipeline

from schemas import keys
from schemas.chunks import REDIS_CHUNK, chunks
from schemas.records import Generation


def expire(client: Redis, generation: Generation, seconds: int) -> int:
    """Give every key of a generation an expiry; returns how many there are."""
    return _each(client, _keys_of(client, generation), lambda pipe, key: pipe.expire(key, seconds))


def persist(client: Redis, generation: Generation) -> int:
    """Take the expiry off every key of a generation; returns how many there are."""
    return _each(client, _keys_of(client, generation), lambda pipe, key: pipe.persist(key))


def delete(client: Redis, generation: Generation) -> int:
    """Delete every key of a generation; returns how many there were."""
    return _each(client, _keys_of(client, generation), lambda pipe, key: pipe.unlink(key))


def delete_unknown(client: Redis, kept: Container[Generation], newest: Generation) -> int:
    """Delete the keys of every generation older than `newest` that is not kept.

    Returns how many there were.

    It goes by the keys themselves, so that it also finds what a run wrote that was thought
    dead and woke up.
    """
    found = _keys_of(client, Generation("*"))
    owners = ((key, keys.generation_of(key.decode())) for key in found)
    unknown = (key for key, owner in owners if owner < newest and owner not in kept)
    return _each(client, unknown, lambda pipe, key: pipe.unlink(key))


def _keys_of(client: Redis, generation: Generation) -> Iterable[bytes]:
    pattern = keys.everything_of(generation)
    return cast(Iterable[bytes], client.scan_iter(match=pattern, count=REDIS_CHUNK))


def _each(client: Redis, found: Iterable[bytes], do: Callable[[Pipeline, bytes], object]) -> int:
    total = 0
    for chunk in chunks(found):
        pipe = client.pipeline(transaction=False)
        for key in chunk:
            do(pipe, key)
        pipe.execute()
        total += len(chunk)
    return total
