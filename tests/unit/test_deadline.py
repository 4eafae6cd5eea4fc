import signal
import threading
import time
from contextlib import suppress

import pytest

from batch.deadline import Deadline
from schemas.errors import DeadlineError


def test_without_a_deadline_nothing_stops():
    with Deadline().watched():
        Deadline().check()


def test_a_block_is_stopped_where_it_is():
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(DeadlineError, match=r"0\.05 s"), Deadline(0.05).watched():
        time.sleep(60)

    assert signal.getsignal(signal.SIGALRM) is before


def test_what_swallows_the_stop_is_stopped_at_the_next_check():
    deadline = Deadline(0.05)
    with deadline.watched():
        with suppress(DeadlineError):
            time.sleep(60)
        with pytest.raises(DeadlineError):
            deadline.check()


def test_a_block_that_ends_in_time_is_not_stopped_afterwards():
    with Deadline(0.05).watched():
        pass

    time.sleep(0.1)


def test_what_was_called_off_comes_to_its_end():
    deadline = Deadline(0.05)
    with deadline.watched():
        deadline.call_off()
        time.sleep(0.1)
        deadline.check()


def test_a_deadline_that_has_passed_stops_the_block_before_it_begins():
    deadline, begun = Deadline(0.01), []
    time.sleep(0.02)

    with pytest.raises(DeadlineError), deadline.watched():
        begun.append(True)

    assert begun == []


def test_outside_the_main_thread_checks_have_to_do():
    stopped = []

    def work():
        deadline = Deadline(0.01)
        with deadline.watched():
            time.sleep(0.05)
            try:
                deadline.check()
            except DeadlineError:
                stopped.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert stopped == [True]
