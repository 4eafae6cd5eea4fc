import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from api.breaker import FAILURES, OPEN_SECONDS, Breaker, StoreAwayError


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


class Store:
    """Answers, or fails as it is told, and counts how often it was asked."""

    asked = 0
    error = None

    def __call__(self):
        self.asked += 1
        if self.error:
            raise type(self.error)(*self.error.args)
        return "answer"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def away():
    store = Store()
    store.error = RedisConnectionError("away")
    return store


def fail(breaker, store, times):
    for _ in range(times):
        with pytest.raises(RedisConnectionError):
            breaker.call(store)


def test_a_store_that_fails_again_and_again_is_left_alone(clock, away):
    breaker = Breaker(clock)
    fail(breaker, away, FAILURES)

    with pytest.raises(StoreAwayError):
        breaker.call(away)

    assert away.asked == FAILURES


def test_failures_that_do_not_follow_each_other_open_nothing(clock, away):
    breaker, well = Breaker(clock), Store()
    for _ in range(5):
        fail(breaker, away, FAILURES - 1)
        assert breaker.call(well) == "answer"


def test_after_a_while_one_caller_tries_and_the_others_do_not(clock, away):
    breaker = Breaker(clock)
    fail(breaker, away, FAILURES)
    clock.now += OPEN_SECONDS

    def ask():
        with pytest.raises(StoreAwayError):  # another caller, while this one waits
            breaker.call(away)
        return "answer"

    assert breaker.call(ask) == "answer"
    assert away.asked == FAILURES


def test_a_store_that_is_back_is_asked_by_all(clock, away):
    breaker, well = Breaker(clock), Store()
    fail(breaker, away, FAILURES)
    clock.now += OPEN_SECONDS

    assert [breaker.call(well) for _ in range(3)] == ["answer"] * 3


def test_a_try_that_fails_opens_it_again(clock, away):
    breaker = Breaker(clock)
    fail(breaker, away, FAILURES)
    clock.now += OPEN_SECONDS
    fail(breaker, away, 1)

    with pytest.raises(StoreAwayError):
        breaker.call(away)


def test_a_refusal_is_an_answer(clock):
    breaker, store = Breaker(clock), Store()
    store.error = ResponseError("WRONGTYPE")

    for _ in range(2 * FAILURES):
        with pytest.raises(ResponseError):
            breaker.call(store)


def test_each_fault_is_told(clock, away):
    told = []
    breaker = Breaker(clock, lambda: told.append("fault"))

    fail(breaker, away, 2)

    assert told == ["fault", "fault"]


def test_one_command_that_many_waited_for_is_one_fault(clock):
    told = []
    breaker = Breaker(clock, lambda: told.append("fault"))
    shared = RedisConnectionError("away")

    def waited():
        raise shared

    for _ in range(FAILURES + 1):
        with pytest.raises(RedisConnectionError):
            breaker.call(waited)

    assert told == ["fault"]
    assert breaker.call(lambda: "answer") == "answer"
