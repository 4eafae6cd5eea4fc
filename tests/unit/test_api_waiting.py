"""Plain functions on an event loop, and values that many of them ask for at once."""

import asyncio
import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import fakeredis
import pytest
from greenlet import getcurrent
from redis.exceptions import TimeoutError as RedisTimeoutError

from api import waiting
from api.reads import MOST_KEYS, Reads


class Store:
    """Notes what it is asked; answers once it may."""

    def __init__(self, error=None):
        self.asked, self.may, self.error = [], threading.Event(), error
        self.may.set()

    def mget(self, keys):
        self.asked.append(list(keys))
        assert self.may.wait(5)
        if self.error:
            raise self.error
        return [key.encode() for key in keys]


def together(*asks):
    async def main():
        return await asyncio.gather(*map(waiting.run, asks), return_exceptions=True)

    return asyncio.run(main())


def test_a_plain_function_returns_what_it_returns_and_raises_what_it_raises():
    def fails():
        raise ValueError("bad")

    found, error = together(lambda: 7, fails)

    assert found == 7
    assert isinstance(error, ValueError)


def test_others_go_on_while_one_waits():
    order = []

    def slow():
        order.append("asks")
        order.append(waiting.wait_for(asyncio.sleep(0.01, "has")))
        return "slow"

    def quick():
        order.append("other")
        return "quick"

    assert together(slow, quick) == ["slow", "quick"]
    assert order == ["asks", "other", "has"]


def test_what_it_waits_for_may_fail_and_be_waited_for_again():
    async def failing():
        raise RedisTimeoutError("away")

    def asks():
        try:
            waiting.wait_for(failing())
        except RedisTimeoutError:
            return waiting.wait_for(asyncio.sleep(0, "there"))

    assert together(asks) == ["there"]


def test_a_cancelled_request_leaves_its_blocks():
    left = []

    def asks():
        try:
            waiting.wait_for(asyncio.sleep(10))
        finally:
            left.append(True)

    async def main():
        task = asyncio.create_task(waiting.run(asks))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert left == [True]


def test_only_what_run_has_started_is_on_the_loop():
    assert not waiting.on_loop()
    assert together(waiting.on_loop) == [True]
    assert not waiting.on_loop()


def test_one_greenlet_answers_one_request_after_the_other_whatever_became_of_them():
    def fails():
        raise ValueError(str(id(getcurrent())))

    async def main():
        first = await waiting.run(getcurrent)
        with pytest.raises(ValueError, match=str(id(first))):
            await waiting.run(fails)
        slow = asyncio.create_task(waiting.run(lambda: waiting.wait_for(asyncio.sleep(10))))
        await asyncio.sleep(0.01)
        other = await waiting.run(getcurrent)
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
        return first, other, await waiting.run(getcurrent)

    first, other, last = asyncio.run(main())
    assert other is not first
    assert last is first


def test_loops_of_two_threads_share_no_greenlet():
    with ThreadPoolExecutor(2) as threads:
        both = threading.Barrier(2)
        asks = [threads.submit(together, lambda: both.wait(5), getcurrent) for _ in range(2)]
        (_, one), (_, other) = (ask.result() for ask in asks)

    assert one is not other


def living():
    """How many greenlets there are, on whatever list."""
    gc.collect()
    return sum(isinstance(one, waiting._Plain) for one in gc.get_objects())


def test_what_waits_for_nothing_fails_and_is_not_used_again():
    def asks():
        return waiting.wait_for(None)

    async def main():
        with pytest.raises(RuntimeError, match="waited for nothing"):
            await waiting.run(asks)
        return await waiting.run(lambda: "mine")

    assert asyncio.run(main()) == "mine"


def test_no_more_greenlets_are_kept_than_may_be(monkeypatch):
    monkeypatch.setattr(waiting, "MOST_IDLE", 1)
    before = living()

    with ThreadPoolExecutor(1) as thread:  # which has none yet
        asks = [lambda: waiting.wait_for(asyncio.sleep(0.01))] * 3
        thread.submit(together, *asks).result()
        assert thread.submit(lambda: len(waiting._IDLE.plain)).result() == 1
        assert thread.submit(living).result() == before + 1


def test_an_error_is_gone_once_it_is_dealt_with():
    class BadError(Exception):
        pass

    def fails():
        raise BadError

    async def main():
        with suppress(BadError):
            await waiting.run(fails)
        return [one for one in gc.get_objects() if isinstance(one, BadError)]

    gc.disable()
    try:
        assert asyncio.run(main()) == []
    finally:
        gc.enable()


def test_a_function_is_gone_once_it_is_done():
    def asks():
        return 7

    kept = weakref.ref(asks)

    assert together(asks) == [7]
    del asks
    assert kept() is None


def test_requests_that_come_together_become_one_command_and_each_gets_its_own():
    store = Store()
    reads = Reads(store)

    found = together(*(lambda n=n: reads.many([f"a{n}", f"b{n}"]) for n in range(20)))

    assert found == [[f"a{n}".encode(), f"b{n}".encode()] for n in range(20)]
    assert len(store.asked) == 1


def test_what_is_asked_while_one_command_is_under_way_becomes_the_next():
    store = Store()
    store.may.clear()
    reads = Reads(store)

    async def main():
        first = asyncio.create_task(waiting.run(lambda: reads.many(["a"])))
        await asyncio.sleep(0.02)
        more = [asyncio.create_task(waiting.run(lambda n=n: reads.many([n]))) for n in "bc"]
        await asyncio.sleep(0.02)
        assert store.asked == [["a"]]
        store.may.set()
        return await asyncio.gather(first, *more)

    assert asyncio.run(main()) == [[b"a"], [b"b"], [b"c"]]
    assert store.asked == [["a"], ["b", "c"]]


def test_a_command_has_its_limit():
    store = Store()
    reads = Reads(store)
    many = [str(n) for n in range(MOST_KEYS // 2)]

    found = together(*(lambda: reads.many(many) for _ in range(3)))

    assert [len(one) for one in found] == [MOST_KEYS // 2] * 3
    assert [len(one) for one in store.asked] == [MOST_KEYS, MOST_KEYS // 2]


def test_a_store_that_is_away_is_away_for_all_who_asked_and_only_for_them():
    store = Store(RedisTimeoutError("away"))
    reads = Reads(store)

    async def main():
        asks = [waiting.run(lambda: reads.many(["a"])) for _ in range(2)]
        failed = await asyncio.gather(*asks, return_exceptions=True)
        store.error = None
        return failed, await waiting.run(lambda: reads.many(["b"]))

    failed, found = asyncio.run(main())
    assert [type(one) for one in failed] == [RedisTimeoutError] * 2
    assert found == [b"b"]


def test_one_who_is_gone_does_not_take_the_answers_of_others():
    store = Store()
    store.may.clear()
    reads = Reads(store)

    async def main():
        gone = asyncio.create_task(waiting.run(lambda: reads.many(["a"])))
        stays = asyncio.create_task(waiting.run(lambda: reads.many(["b"])))
        await asyncio.sleep(0.02)
        gone.cancel()
        store.may.set()
        return await stays

    assert asyncio.run(main()) == [b"b"]


def test_threads_ask_by_themselves():
    client = fakeredis.FakeRedis()
    client.set("a", "1")

    assert Reads(client).many(["a", "b"]) == [b"1", None]
