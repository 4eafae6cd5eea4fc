import pytest

from api.settings import Settings, from_env
from schemas.errors import SettingsError
from schemas.store.checks.findings import MOST_HOURS

STORE = {"ANIREC_STORE": "redis://localhost:6379/0"}


def test_a_store_is_enough():
    assert from_env(STORE) == Settings("redis://localhost:6379/0", "127.0.0.1", 8080, 1, 0.25)


def test_every_setting_is_read():
    env = STORE | {
        "ANIREC_HOST": "0.0.0.0",
        "ANIREC_PORT": "80",
        "ANIREC_WORKERS": "2",
        "ANIREC_STORE_TIMEOUT": "1.5",
    }

    assert from_env(env) == Settings("redis://localhost:6379/0", "0.0.0.0", 80, 2, 1.5)


def test_an_empty_variable_counts_as_unset():
    assert from_env(STORE | {"ANIREC_PORT": ""}).port == Settings("x").port


def test_every_problem_is_reported_at_once():
    with pytest.raises(SettingsError) as caught:
        from_env({"ANIREC_PORT": "http", "ANIREC_STORE_TIMEOUT": "-1"})

    assert str(caught.value).splitlines() == [
        "ANIREC_STORE is required: the Redis to read, such as redis://host:6379/0",
        "ANIREC_PORT must be a whole number from 1 to 65535, got 'http'",
        "ANIREC_STORE_TIMEOUT must be seconds, above 0 and up to 60, got '-1'",
    ]


@pytest.mark.parametrize("port", ["0", "65536", "٣", "1e3", "-1", "9" * 5000])
def test_a_port_that_is_none_is_refused(port):
    with pytest.raises(SettingsError, match=r"^ANIREC_PORT must be a whole number"):
        from_env(STORE | {"ANIREC_PORT": port})


@pytest.mark.parametrize("seconds", ["0", "nan", "inf", "soon"])
def test_a_timeout_that_is_none_is_refused(seconds):
    with pytest.raises(SettingsError, match=r"^ANIREC_STORE_TIMEOUT must be seconds"):
        from_env(STORE | {"ANIREC_STORE_TIMEOUT": seconds})


@pytest.mark.parametrize("store", ["http://:secret@host", "redis://:secret@host:port"])
def test_a_store_address_is_never_repeated(store):
    with pytest.raises(SettingsError) as caught:
        from_env({"ANIREC_STORE": store})

    assert str(caught.value).startswith("ANIREC_STORE must be an address like redis://")
    assert "secret" not in str(caught.value)


def test_what_stands_around_the_lookups_can_be_set():
    env = STORE | {
        "ANIREC_RATINGS_STORE": "redis+cluster://a:1,b:2",
        "ANIREC_CACHE_MB": "0",
        "ANIREC_PRIVATE_READS": "1",
        "ANIREC_RATE_LIMIT": "5/second;1000/day",
        "ANIREC_TRUSTED_PROXIES": "2",
        "ANIREC_CORS_ORIGINS": "https://a.example, http://b.example:8080",
        "ANIREC_RATINGS_BACKLOG": "10",
        "ANIREC_LOG_SAMPLE": "0.5",
        "ANIREC_DRAIN_SECONDS": "0",
    }

    found = from_env(env)

    assert found.ratings_store == "redis+cluster://a:1,b:2"
    assert (found.cache_mb, found.private_reads, found.trusted_proxies) == (0, 1, 2)
    assert found.rate_limit == "5/second;1000/day"
    assert found.cors_origins == ("https://a.example", "http://b.example:8080")
    assert (found.ratings_backlog, found.log_sample, found.drain_seconds) == (10, 0.5, 0.0)


def test_pages_take_ratings_only_where_there_is_a_limit():
    alone = STORE | {"ANIREC_DASHBOARD_RATINGS": "1"}

    with pytest.raises(SettingsError, match="ANIREC_RATE_LIMIT is needed"):
        from_env(alone)

    assert from_env(alone | {"ANIREC_RATE_LIMIT": "60/minute"}).dashboard_ratings == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ANIREC_CACHE_MB", "64MB"),
        ("ANIREC_PRIVATE_READS", "yes"),
        ("ANIREC_RATE_LIMIT", "often"),
        ("ANIREC_TRUSTED_PROXIES", "-1"),
        ("ANIREC_CORS_ORIGINS", "*"),
        ("ANIREC_CORS_ORIGINS", "https://a.example/path"),
        ("ANIREC_LOG_SAMPLE", "1.5"),
        ("ANIREC_DRAIN_SECONDS", "-1"),
        ("ANIREC_DASHBOARD_RATINGS", "2"),
        ("ANIREC_RATINGS_STORE", "http://x"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_by_name(name, value):
    with pytest.raises(SettingsError, match=f"^{name} must be"):
        from_env(STORE | {name: value})


@pytest.mark.parametrize("hours", ["0", "-1", "nan", "inf", "a night"])
def test_an_age_that_is_none_is_refused(hours):
    with pytest.raises(SettingsError, match=r"^ANIREC_MAX_AGE_HOURS must be hours, above 0, got"):
        from_env(STORE | {"ANIREC_MAX_AGE_HOURS": hours})


def test_an_age_may_be_longer_than_two_nights():
    assert from_env(STORE | {"ANIREC_MAX_AGE_HOURS": "200"}).max_age_hours == 200
    assert from_env(STORE).max_age_hours == MOST_HOURS
