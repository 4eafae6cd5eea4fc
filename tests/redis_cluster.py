"""A real cluster of three servers on this machine, for tests; it keeps nothing."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from redis import Redis

from tests.redis_server import START_SECONDS, RedisServer, free_port, start

NODES = 3
SLOTS = 16_384


@contextmanager
def redis_cluster(folder: Path) -> Iterator[str]:
    """The address of a cluster that is complete, while the block runs."""
    with ExitStack() as stack:
        ports = [free_port() for _ in range(NODES)]
        for port in ports:
            stack.callback(_node(folder / str(port), port).stop)
        _join(ports)
        yield "redis+cluster://" + ",".join(f"127.0.0.1:{port}" for port in ports)


def _node(folder: Path, port: int) -> RedisServer:
    folder.mkdir()
    return start(
        folder, port=port, cluster_enabled="yes", cluster_port=free_port(), bind="127.0.0.1"
    )


def _join(ports: list[int]) -> None:
    clients = [Redis(port=port, decode_responses=True) for port in ports]
    for n, client in enumerate(clients):
        slots = range(n * SLOTS // NODES, (n + 1) * SLOTS // NODES)
        client.execute_command("CLUSTER ADDSLOTS", *slots)
        bus = client.config_get("cluster-port")["cluster-port"]
        for other in clients:
            if other is not client:
                other.execute_command("CLUSTER MEET", "127.0.0.1", ports[n], bus)
    deadline = time.monotonic() + START_SECONDS
    while not all(_is_complete(client) for client in clients):
        if time.monotonic() > deadline:
            raise RuntimeError("the cluster did not come together")
        time.sleep(0.05)
    for client in clients:
        client.close()


def _is_complete(client: Redis) -> bool:
    info = client.execute_command("CLUSTER INFO")
    text = info if isinstance(info, str) else str(info)
    nodes = client.execute_command("CLUSTER NODES")
    return "cluster_state': 'ok'" in text and len(nodes) == NODES
