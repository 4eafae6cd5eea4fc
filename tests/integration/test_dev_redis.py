"""The Redis of the dev overlay, started as its manifest says."""

import shutil

import pytest
from redis import Redis

from tests import redis_server
from tests.emulators import NOT_TRIED
from tests.manifests import name_of, render, workloads


@pytest.fixture(scope="module")
def options() -> dict[str, str]:
    """What the manifest tells redis-server, but for where and with which password."""
    if shutil.which("kubectl") is None:
        pytest.skip(f"{NOT_TRIED}: kubectl, which renders the manifests")
    [pod] = [pod for one, pod in workloads(render("dev")) if name_of(one) == "StatefulSet redis"]
    program, *arguments = pod["spec"]["containers"][0]["args"]
    assert program == "redis-server"
    given = dict(zip(arguments[::2], arguments[1::2], strict=True))
    return {
        name.removeprefix("--").replace("-", "_"): value
        for name, value in given.items()
        if name not in ("--dir", "--requirepass")
    }


def test_ratings_outlive_a_redis_that_is_killed(options, tmp_path):
    for expected in (1, 2):
        server = redis_server.start(tmp_path, **options)
        with Redis.from_url(server.url) as client:
            client.xadd("ratings", {"anime": 1})
            assert client.xlen("ratings") == expected
        server.stop()


def test_ratings_are_never_evicted(options, tmp_path):
    server = redis_server.start(tmp_path, **options)
    with Redis.from_url(server.url) as client:
        policy = client.config_get("maxmemory-policy")
        synced = client.config_get("appendfsync")
    server.stop()

    assert policy == {"maxmemory-policy": "noeviction"}
    assert synced == {"appendfsync": "everysec"}
