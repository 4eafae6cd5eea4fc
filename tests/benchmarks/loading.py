"""Loading Redis through the pipeline's sink against bare MSET of the same bytes."""

from pathlib import Path

import apache_beam as beam
import numpy as np
from redis import Redis

from batch.engine import Engine
from batch.publish.sink import Chunk, WriteToRedis
from schemas import keys
from schemas.chunks import REDIS_CHUNK
from schemas.records import Generation, UserId
from tests.benchmarks.ratios import show, take_turns
from tests.redis_server import start

CHUNKS = 400
BYTES = 1270
ROUNDS = 3
GENERATION = Generation("20000101T000000Z")

_chunks: list[Chunk] = []
"""Made once and found by the in-process runner here, so that neither side pays for making it."""


def measure(work: Path) -> None:
    """Write the same keys and values both ways, to a Redis that keeps nothing on disk."""
    random = np.random.default_rng(1)
    payloads = [random.bytes(BYTES) for _ in range(REDIS_CHUNK)]
    _chunks[:] = [_chunk(number, payloads) for number in range(CHUNKS)]
    server = start(work)
    try:
        with Redis.from_url(server.url) as client:
            ways = {"ours": lambda: _ours(server.url), "bare": lambda: _bare(client)}
            seconds = take_turns(ways, ROUNDS)
    finally:
        server.stop()
    count = CHUNKS * REDIS_CHUNK
    show(
        f"Loading {count} values of {BYTES} bytes into Redis",
        {
            "ours: the sink in a Beam pipeline": f"{count / seconds['ours']:,.0f} a second",
            "bare MSET": f"{count / seconds['bare']:,.0f} a second",
            "ratio (guide: at most 1.5)": f"{seconds['ours'] / seconds['bare']:.2f}",
        },
    )


def _chunk(number: int, payloads: list[bytes]) -> Chunk:
    first = number * REDIS_CHUNK
    pairs = enumerate(payloads, start=first)
    return Chunk("u", {keys.user(GENERATION, UserId(one)): payload for one, payload in pairs})


def _chunk_at(number: int) -> Chunk:
    """A function, since a bound method would carry all chunks into the graph."""
    return _chunks[number]


def _ours(url: str) -> None:
    def build(pipeline: beam.Pipeline) -> object:
        numbers = pipeline | beam.Create(range(CHUNKS))
        return numbers | beam.Map(_chunk_at) | WriteToRedis(url, GENERATION)

    Engine().run(build)


def _bare(client: Redis) -> None:
    for chunk in _chunks:
        client.mset(chunk.payloads)
