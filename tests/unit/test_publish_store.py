import pytest

from batch.publish.store import connect
from schemas.errors import SettingsError


@pytest.mark.parametrize(
    "url",
    ["redis://:s3cr#et@localhost:6379", "redis://:se/cr3t@localhost", "http://s3cr3t", "s3cr3t"],
)
def test_a_store_address_that_cannot_be_used_is_not_repeated(url):
    with pytest.raises(SettingsError, match="it must be redis://") as refusal:
        connect(url)

    assert not {"s3cr", "cr3t", "se"} & set(str(refusal.value).replace("'", " ").split())
    assert refusal.value.__cause__ is None


def test_options_in_the_address_do_not_change_what_we_read():
    client = connect("redis://localhost?decode_responses=true&socket_timeout=9000")

    options = client.connection_pool.connection_kwargs
    assert (options["decode_responses"], options["socket_timeout"]) == (False, 30)
