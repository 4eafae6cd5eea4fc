import pytest

from schemas.errors import SettingsError
from schemas.store.addresses import parse


def test_one_server_is_read_as_redis_py_reads_it():
    found = parse("rediss://me:p%40ss@host:6380/2?ssl_ca_certs=/ca")

    assert found.kind == "server"
    assert found.options["password"] == "p@ss"
    assert (found.options["db"], found.options["ssl_ca_certs"]) == (2, "/ca")


def test_a_cluster_names_some_of_its_nodes():
    found = parse("redis+cluster://me:p%2Fss@a:7000,b,[::1]:7002?ssl_check_hostname=no")

    assert (found.kind, found.tls) == ("cluster", False)
    assert found.nodes == (("a", 7000), ("b", 6379), ("::1", 7002))
    assert found.options == {"username": "me", "password": "p/ss", "ssl_check_hostname": False}


def test_sentinels_know_a_service_and_a_database():
    found = parse("rediss+sentinel://:pw@a,b:26380/lists/3?sentinel_password=other")

    assert (found.kind, found.tls, found.service) == ("sentinel", True, "lists")
    assert found.nodes == (("a", 26379), ("b", 26380))
    assert found.options == {"password": "pw", "db": 3, "sentinel_password": "other"}


def test_a_database_may_be_left_out():
    assert parse("redis+sentinel://a/lists").options["db"] == 0


@pytest.mark.parametrize(
    "url",
    [
        "http://s3cret@host",
        "s3cret",
        "redis://:s3c/ret@host",
        "redis://host/s3cret",
        "redis+cluster://:s3c/ret@a:1",
        "redis+cluster://s3cret:x",
        "redis+cluster://a:1,,s3cret:2",
        "redis+cluster://s3cret:70000",
        "redis+cluster://s3cret:1/0",
        "redis+sentinel://s3cret:1",
        "redis+sentinel://s3cret:1/lists/x",
        "redis+sentinel://s3 cret:1/lists",
        "unix+cluster://s3cret",
    ],
)
def test_what_cannot_be_understood_is_refused_without_repeating_it(url):
    with pytest.raises(SettingsError, match="it must be redis://") as refusal:
        parse(url)

    assert "s3c" not in str(refusal.value)
    assert refusal.value.__cause__ is None
