"""Who may do what: API keys, known to each worker for a second at most."""

import time
from collections.abc import Callable, Mapping
from typing import Final

from redis import Redis, RedisError

from schemas.errors import RecommenderError
from schemas.store import access
from schemas.store.access import Access, Scope

KNOWN_SECONDS: Final = 0.9
_SCHEME: Final = "bearer "


class MissingKeyError(RecommenderError):
    """The request needs a key and has none."""


class WrongKeyError(RecommenderError):
    """The request has a key that nobody knows, or no longer, or that is for something else."""


class Keys:
    """The keys of one store."""

    def __init__(self, client: Redis, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._clock = client, clock
        self._known: Mapping[str, Access] | None = None
        self._until = float("-inf")

    def require(self, authorization: str) -> Access:
        """Whose request this is, by its Authorization header.

        Raises:
            MissingKeyError, WrongKeyError: it may not be answered.
            RedisError: the store is away, and no keys were ever read.
        """
        if authorization[: len(_SCHEME)].lower() != _SCHEME:
            raise MissingKeyError("send a key, as Authorization: Bearer KEY")
        found = access.holder(authorization[len(_SCHEME) :].strip(), self._current())
        if found is None:
            raise WrongKeyError("this key is unknown, or was revoked")
        if found.scope != Scope.WRITE:
            raise WrongKeyError(
                "this key is for the page /ops alone: `anirec keys create` makes one"
            )
        return found

    def _current(self) -> Mapping[str, Access]:
        """While the store is away, the keys that were known before it went."""
        if self._known is None or self._clock() >= self._until:
            try:
                self._known = access.everyone(self._client)
            except RedisError:
                if self._known is None:
                    raise
            self._until = self._clock() + KNOWN_SECONDS
        return self._known
