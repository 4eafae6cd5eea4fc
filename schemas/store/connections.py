"""Clients for whatever address a store has; they differ in how long they wait."""

from dataclasses import dataclass
from typing import Any, Final, cast

from redis import ConnectionPool, Redis
from redis.backoff import AbstractBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry
from redis.sentinel import Sentinel

from schemas.store import addresses
from schemas.store.addresses import Address

_FAULTS: Final = (RedisConnectionError, RedisTimeoutError)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for an answer, how often to ask again, and how long in between."""

    seconds: float
    retries: int
    backoff: AbstractBackoff

    def options(self) -> dict[str, object]:
        """What redis-py has to know; bytes stay bytes, whatever an address says."""
        return {
            "decode_responses": False,
            "socket_timeout": self.seconds,
            "socket_connect_timeout": self.seconds,
            "retry": Retry(self.backoff, self.retries),
        }


class Cluster(RedisCluster):
    """A cluster that takes many keys at once as one server does: slot by slot, not atomically."""

    def mget(self, keys: Any, *more: Any) -> Any:
        return self.mget_nonatomic(keys, *more)

    def mset(self, mapping: Any) -> Any:
        return self.mset_nonatomic(mapping)


def connect(url: str, patience: Patience) -> Redis:
    """A client; nothing is asked of a single server or of Sentinels before its first command.

    A cluster's client has all that is used here, but is no `Redis` in the eyes of redis-py.

    Raises:
        SettingsError: the address cannot be understood.
        RedisError: no node of a cluster answers.
    """
    address = addresses.parse(url)
    if address.kind == "server":
        pool = ConnectionPool.from_url(url)
        # After from_url, since options in the address would win over arguments to it.
        pool.connection_kwargs.update(patience.options(), retry_on_error=list(_FAULTS))
        return Redis(connection_pool=pool)
    options = address.options | patience.options() | ({"ssl": True} if address.tls else {})
    if address.kind == "cluster":
        return cast(Redis, _cluster(address, options))
    return _sentinel(address, options, patience)


def _cluster(address: Address, options: dict[str, object]) -> Cluster:
    nodes = [ClusterNode(host, port) for host, port in address.nodes]  # type: ignore[no-untyped-call]
    return Cluster(startup_nodes=nodes, **options)  # type: ignore[arg-type]  # as parse_url says


def _sentinel(address: Address, options: dict[str, object], patience: Patience) -> Redis:
    """The server that the Sentinels call the master; they take the same TLS, not its password."""
    secret = {"username", "password", "db"}
    asking = {name: value for name, value in options.items() if name not in secret}
    for name in ("username", "password"):
        if f"sentinel_{name}" in options:
            asking[name] = options.pop(f"sentinel_{name}")
            del asking[f"sentinel_{name}"]
    sentinel = Sentinel(list(address.nodes), sentinel_kwargs=asking, **options)  # type: ignore[no-untyped-call]
    return cast(Redis, sentinel.master_for(address.service, retry_on_error=list(_FAULTS)))  # type: ignore[no-untyped-call]
