from hypothesis import given
from hypothesis import strategies as st

from api.cache import Cache


def test_what_was_put_is_found_until_it_is_dropped():
    cache = Cache(1000)
    cache.put("a", 1, 10)
    assert cache.get("a") == 1

    cache.drop("a")

    assert (cache.get("a"), cache.size) == (None, 0)


def test_a_value_that_takes_the_place_of_another_is_counted_once():
    cache = Cache(1000)
    cache.put("a", 1, 10)
    cache.put("a", 2, 30)

    assert (cache.get("a"), cache.size) == (2, 30)


def test_the_oldest_goes_first_unless_it_was_asked_for():
    cache = Cache(100)
    for key in "abcdefghij":
        cache.put(key, key, 10)
    cache.get("a")

    cache.put("k", "k", 10)

    assert cache.get("a") == "a"
    assert cache.get("b") is None
    assert cache.size == 100


def test_being_asked_for_once_saves_once():
    cache = Cache(100)
    for key in "abcdefghij":
        cache.put(key, key, 10)
    cache.get("a")

    for key in "0123456789k":
        cache.put(key, key, 10)

    assert cache.get("a") is None


def test_a_value_that_would_drive_out_many_is_not_kept():
    cache = Cache(100)
    cache.put("a", 1, 13)

    assert cache.get("a") is None


def test_a_cache_of_no_bytes_keeps_nothing():
    cache = Cache(0)
    cache.put("a", 1, 1)

    assert (cache.get("a"), len(cache)) == (None, 0)


def test_growth_counts_only_for_the_very_value_that_is_kept():
    cache, first = Cache(1000), object()
    cache.put("a", first, 10)

    cache.grow("a", object(), 50)
    assert cache.size == 10

    cache.grow("a", first, 50)
    assert cache.size == 60


def test_growth_makes_room():
    cache, last = Cache(100), object()
    for key in "abcdefg":
        cache.put(key, key, 12)
    cache.put("h", last, 12)

    cache.grow("h", last, 50)

    assert cache.size <= 100
    assert cache.get("a") is None


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 40), st.booleans())))
def test_it_never_holds_more_than_it_may_and_counts_right(steps):
    cache, sizes = Cache(200), {}
    for key, size, asks in steps:
        if asks:
            cache.get(key)
        cache.put(key, (key, size), size)
        sizes[key] = size

        kept = [key for key in sizes if cache.get(key) is not None]
        assert cache.size == sum(sizes[key] for key in kept) <= 200
