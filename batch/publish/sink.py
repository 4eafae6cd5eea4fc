"""Writing payloads to Redis from a Beam pipeline. Retried bundles write the same bytes again."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final
from zlib import crc32

import apache_beam as beam
from redis import Redis

from batch.publish import store
from schemas import keys
from schemas.records import Generation

_SAMPLES: Final = 20
"""Payloads of each chunk that may be read back."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Payloads of one key family, by key; `done` counts towards progress."""

    family: str
    payloads: dict[str, bytes]
    done: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Sample:
    """A written payload's digest, ordered by a hash of its key, to be read back later."""

    order: int
    key: str
    digest: str

    @classmethod
    def of(cls, key: str, payload: bytes) -> "Sample":
        return cls(crc32(key.encode()), key, blake2b(payload, digest_size=16).hexdigest())


@dataclass(frozen=True, slots=True)
class Written:
    """How many keys and payload bytes went to one family, and some of them as samples."""

    family: str
    keys: int
    size: int
    samples: tuple[Sample, ...]


class WriteToRedis(beam.PTransform):
    """Chunk -> Written, by MSET."""

    def __init__(self, url: str, generation: Generation) -> None:
        super().__init__()
        self._url, self._generation = url, generation

    def expand(self, chunks: beam.PCollection) -> beam.PCollection:
        return chunks | beam.ParDo(_Write(self._url, self._generation))


def _samples(payloads: dict[str, bytes]) -> tuple[Sample, ...]:
    """A few of them; which ones looks random but is the same in every retry."""
    names = list(payloads)
    first = crc32(names[0].encode()) % len(names)
    step = max(1, len(names) // _SAMPLES)
    chosen = [names[(first + step * n) % len(names)] for n in range(min(_SAMPLES, len(names)))]
    return tuple(Sample.of(name, payloads[name]) for name in chosen)


class _Write(beam.DoFn):
    def __init__(self, url: str, generation: Generation) -> None:
        self._url, self._progress = url, keys.progress(generation)

    def setup(self) -> None:
        self._client: Redis = store.connect(self._url)

    def process(self, chunk: Chunk) -> Iterator[Written]:
        self._client.mset(chunk.payloads)
        if chunk.done:
            self._client.incrby(self._progress, chunk.done)
        size = sum(map(len, chunk.payloads.values()))
        yield Written(chunk.family, len(chunk.payloads), size, _samples(chunk.payloads))

    def teardown(self) -> None:
        self._client.close()
