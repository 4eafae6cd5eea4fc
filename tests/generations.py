"""Stored generations as they can be compared with one another."""

import json

from redis import Redis

from schemas import keys
from schemas.records import Generation
from schemas.store.control import Control

OF_THE_RUN = ("generation", "created", "seconds", "bytes")
"""What a manifest says of the run and not of its result; `bytes` is Redis's own overhead."""


def live_generation(client: Redis) -> Generation:
    """The one that serves all."""
    pointer = Control(client).pointer()
    assert pointer, "nothing is live"
    return pointer.live[0].generation


def live_values(client: Redis) -> dict[str, object]:
    """Every key of the live generation, without its name, with its bytes; the manifest parsed."""
    made = live_generation(client)
    names = [key.decode() for key in client.scan_iter(keys.everything_of(made), count=1000)]
    below = keys.everything_of(made).removesuffix("*")
    found: dict[str, object] = {name.removeprefix(below): client.get(name) for name in names}
    said = json.loads(client.get(keys.manifest(made)))
    found["manifest"] = {name: v for name, v in said.items() if name not in OF_THE_RUN}
    return found
