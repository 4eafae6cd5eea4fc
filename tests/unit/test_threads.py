import signal
import threading
import time

import pytest

from batch.threads import interruptible


class ToldToStopError(Exception):
    pass


def stop(*_):
    raise ToldToStopError


def test_what_was_computed_comes_back():
    assert interruptible(lambda: 7) == 7


def test_what_goes_wrong_goes_wrong_for_the_caller():
    with pytest.raises(ZeroDivisionError):
        interruptible(lambda: 1 / 0)


def test_a_signal_is_heard_while_a_call_does_not_return():
    returned, before = threading.Event(), signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    began = time.monotonic()
    try:
        with pytest.raises(ToldToStopError):
            interruptible(lambda: returned.wait(30))
    finally:
        signal.signal(signal.SIGALRM, before)
        returned.set()
    assert time.monotonic() - began < 20
