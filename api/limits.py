"""How often one key and one address may ask for what is costly: counted in Redis for all workers.

While Redis is away each worker counts for itself, so that a limit is never lifted.
"""

import math
import time
from typing import Final

from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis import Redis, RedisError

from api.breaker import Breaker
from schemas import keys
from schemas.errors import RecommenderError

ADDRESS: Final = "address"
KEY: Final = "key"


class TooManyRequestsError(RecommenderError):
    """Try again after some whole seconds."""

    def __init__(self, seconds: int, limit: str) -> None:
        super().__init__(f"at most {limit} are allowed here; try again in {seconds} s")
        self.seconds = seconds


class _OverOurClient(RedisStorage):
    """The library's storage over a client that is made already: it cannot make all of ours."""

    def __init__(self, client: Redis) -> None:
        self.key_prefix, self.target_server = keys.LIMITS, "redis"
        self.wrap_exceptions = False
        self.storage = client
        self.initialize_storage("")

    @property
    def base_exceptions(self) -> type[Exception]:
        return RedisError


class RateLimits:
    """Every limit applies to each key and to each address by itself."""

    def __init__(self, client: Redis, rate: str) -> None:
        self._limits: list[RateLimitItem] = parse_many(rate)
        self._shared = FixedWindowRateLimiter(_OverOurClient(client))
        self._alone = FixedWindowRateLimiter(MemoryStorage())
        self._breaker = Breaker()

    def count(self, kind: str, who: str) -> None:
        """Count one request.

        Raises:
            TooManyRequestsError: it is one too many.
        """
        for limit in self._limits:
            if not self._hit(limit, kind, who):
                raise TooManyRequestsError(self._wait(limit, kind, who), str(limit))

    def _hit(self, limit: RateLimitItem, kind: str, who: str) -> bool:
        try:
            return self._breaker.call(lambda: self._shared.hit(limit, kind, who))
        except RedisError:
            return self._alone.hit(limit, kind, who)

    def _wait(self, limit: RateLimitItem, kind: str, who: str) -> int:
        try:
            window = self._breaker.call(lambda: self._shared.get_window_stats(limit, kind, who))
        except RedisError:
            window = self._alone.get_window_stats(limit, kind, who)
        return max(1, math.ceil(window.reset_time - time.time()))
