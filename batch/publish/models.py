"""The model registry: every published model, and which one is in production, perhaps pinned."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, cast

from redis import Redis

from schemas import documents, keys
from schemas.errors import InvalidParameterError, NothingPublishedError
from schemas.manifests import ModelManifest
from schemas.records import Generation
from schemas.store.control import NOTHING_YET

_SWAP: Final = """
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
"""


class Stage(StrEnum):
    """PRODUCTION is the model of what was published or promoted last; all others are ARCHIVED."""

    PRODUCTION = "production"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class Registered:
    """A model that was published: `version` counts from 1, `published` is an ISO time.

    `dataset` is the hash of the rows it learned from, `generation` the first one made with it,
    `experiment` the tracker's key of its training.
    """

    model: str
    version: int
    dataset: str
    metrics: dict[str, float]
    generation: str
    published: str
    experiment: str | None = None


@dataclass(frozen=True, slots=True)
class Production:
    """Which model serves, which one did `before` it; a `pinned` one is not replaced by training."""

    model: str = ""
    before: str = ""
    pinned: bool = False

    def stage(self, model: str) -> Stage:
        """Of any registered model."""
        return Stage.PRODUCTION if model == self.model else Stage.ARCHIVED

    def of(self, model: str, *, pinned: bool) -> "Production":
        """The same with another model; the one before is forgotten only for a third."""
        return Production(model, self.before if model == self.model else self.model, pinned)


@dataclass(frozen=True, slots=True)
class Models:
    """The registry of one store."""

    client: Redis
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def records(self) -> list[Registered]:
        """All of them, the oldest version first."""
        found = cast(dict[bytes, bytes], self.client.hgetall(keys.MODELS))
        read = (documents.load(Registered, text) for text in found.values())
        return sorted(read, key=lambda one: one.version)

    def production(self) -> Production:
        """What serves; an empty one before anything was published."""
        text = self._text()
        return documents.load(Production, text) if text else Production()

    def pinned(self) -> str:
        """The model that refreshes must use; empty if they may train."""
        found = self.production()
        return found.model if found.pinned else ""

    def kept(self) -> set[str]:
        """Models that must not be deleted: in production, and the one to roll back to."""
        found = self.production()
        return {found.model, found.before} - {""}

    def publish(self, manifest: ModelManifest, generation: Generation) -> None:
        """Register the model of a generation that was just made live, and put it in production.

        If an operator has pinned another one meanwhile, that stays.
        """
        records = self.records()
        if manifest.model not in {one.model for one in records}:
            version = max((one.version for one in records), default=0) + 1
            record = Registered(
                manifest.model, version, manifest.dataset, manifest.metrics, generation,
                self.now.isoformat(timespec="seconds"), manifest.experiment,
            )  # fmt: skip
            self.client.hset(keys.MODELS, manifest.model, documents.dump(record))
        while not self.production().pinned and not self._change(manifest.model, pinned=False):
            pass  # somebody changed it in between

    def promote(self, name: str) -> Registered:
        """Put a model in production and pin it: refreshes use it until it is unpinned.

        `name` is a model, or a version such as `3` or `v3`.

        Raises:
            NothingPublishedError: none is registered.
            InvalidParameterError: no such model is registered.
        """
        records = self.records()
        if not records:
            raise NothingPublishedError(NOTHING_YET)
        found = next((one for one in records if name in _names(one)), None)
        if found is None:
            known = ", ".join(f"v{one.version} ({one.model})" for one in records)
            raise InvalidParameterError(f"no model {name} is registered; known: {known}")
        while not self._change(found.model, pinned=True):
            pass
        return found

    def roll_back(self) -> Registered:
        """Promote the model that was in production before.

        Raises:
            NothingPublishedError: no model was ever in production.
            InvalidParameterError: there was none before.
        """
        found = self.production()
        before = found.before
        if not found.model:
            raise NothingPublishedError(NOTHING_YET)
        if not before:
            raise InvalidParameterError("no model was in production before this one")
        return self.promote(before)

    def unpin(self) -> None:
        """Let refreshes train again."""
        while not self._change(self.production().model, pinned=False):
            pass

    def _change(self, model: str, *, pinned: bool) -> bool:
        """Whether it was done; not if somebody else changed it at the same moment."""
        text = self._text()
        now = documents.load(Production, text) if text else Production()
        wanted = documents.dump(now.of(model, pinned=pinned))
        return bool(self.client.eval(_SWAP, 1, keys.PRODUCTION, text, wanted))

    def _text(self) -> bytes:
        return cast(bytes | None, self.client.get(keys.PRODUCTION)) or b""


def _names(record: Registered) -> tuple[str, ...]:
    return record.model, str(record.version), f"v{record.version}"
