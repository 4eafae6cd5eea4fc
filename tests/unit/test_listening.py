"""What a listener does with events; source and Redis are in memory."""

import threading
from contextlib import contextmanager

import fakeredis
import pytest
from redis import ConnectionError as RedisAway

from batch.listening.events import Event
from batch.listening.folder import WatchedFolder
from batch.listening.listener import Listener, Verdict
from batch.listening.memory import Fate, Memory
from batch.storage import data
from jobs.listen import _verdict
from schemas.errors import (
    DataRefusedError,
    GateRefusedError,
    LeaseHeldError,
    SettingsError,
    StorageAwayError,
)
from tests.datasets import write_kaggle

EVENT = Event("gs://bucket/data", "7", "handle")


class InMemorySource:
    """Delivers events in turn and notes what is said of them."""

    def __init__(self, *events, gives_up=True):
        self.events, self.gives_up, self.said, self.kept = list(events), gives_up, [], 0

    def pull(self, seconds):
        return self.events.pop(0) if self.events else None

    @contextmanager
    def keep(self, event):
        self.kept += 1
        try:
            yield
        finally:
            self.kept -= 1

    def done(self, event):
        assert not self.kept
        self.said.append("done")

    def give_back(self, event, seconds):
        assert not self.kept
        self.said.append(f"back in {seconds:.0f}")

    def give_up(self, event, reason):
        self.said.append(f"given up: {reason}")


@pytest.fixture
def memory():
    return Memory(fakeredis.FakeRedis())


def listener(source, memory, work=lambda event: None, **parts):
    parts = {"is_current": lambda event: True, "reading": lambda: None} | parts
    return Listener(source, memory, work, verdict=_verdict, **parts)


def raising(error):
    def work(event):
        raise error

    return work


def test_an_event_is_worked_on_kept_meanwhile_remembered_and_acknowledged(memory):
    source, worked = InMemorySource(EVENT), []

    assert listener(source, memory, lambda event: worked.append((event, source.kept))).once(1)

    assert worked == [(EVENT, 1)]
    assert source.said == ["done"]
    assert memory.fate(EVENT) is Fate.DONE


def test_nothing_to_do_is_said():
    assert not listener(InMemorySource(), Memory(fakeredis.FakeRedis())).once(1)


def test_an_event_that_comes_again_is_acknowledged_without_work(memory):
    worked = []
    for _ in range(2):  # a listener each time: the memory is in the store
        source = InMemorySource(EVENT)
        listener(source, memory, worked.append).once(1)

    assert worked == [EVENT]
    assert source.said == ["done"]


def test_once_goes_on_to_the_first_event_that_asks_for_work(memory):
    memory.note(EVENT, Fate.DONE)
    fresh, worked = Event(EVENT.data, "8"), []

    assert listener(InMemorySource(EVENT, fresh), memory, worked.append).once(1)

    assert worked == [fresh]


def test_a_new_version_of_an_announcement_is_another_event(memory):
    worked = []
    for version in ("7", "8"):
        source = InMemorySource(Event(EVENT.data, version))
        listener(source, memory, worked.append).once(1)

    assert [one.version for one in worked] == ["7", "8"]


def test_an_announcement_that_was_replaced_is_acknowledged_without_work(memory):
    source, worked = InMemorySource(EVENT), []

    listener(source, memory, worked.append, is_current=lambda event: False).once(1)

    assert (source.said, worked) == (["done"], [])


def test_an_event_is_remembered_before_it_is_acknowledged(memory):
    source = InMemorySource(EVENT)

    def crash(event):
        assert memory.fate(EVENT) is Fate.DONE
        raise KeyboardInterrupt

    source.done = crash
    with pytest.raises(KeyboardInterrupt):
        listener(source, memory).once(1)


@pytest.mark.parametrize("error", [DataRefusedError("rows"), GateRefusedError("ndcg")])
def test_what_is_refused_is_given_up_at_once_with_the_reason(memory, error):
    source = InMemorySource(EVENT)

    with pytest.raises(type(error)):
        listener(source, memory, raising(error)).once(1)

    assert source.said == [f"given up: {type(error).__name__}: {error}"]
    assert memory.fate(EVENT) is Fate.GIVEN_UP


def test_a_failure_is_given_back_for_longer_each_time_and_given_up_at_last(memory):
    source = InMemorySource(*[EVENT] * 4)
    failing = listener(source, memory, raising(ValueError("bug")), tries=4)

    for _ in range(4):
        with pytest.raises(ValueError, match="bug"):
            failing.once(1)

    assert source.said == ["back in 10", "back in 20", "back in 40", "given up: ValueError: bug"]


def test_without_dead_letters_a_failure_is_given_back_however_often(memory):
    source = InMemorySource(*[EVENT] * 9, gives_up=False)
    failing = listener(source, memory, raising(ValueError("bug")), tries=1)

    for _ in range(9):
        with pytest.raises(ValueError, match="bug"):
            failing.once(1)

    assert source.said[-1] == "back in 600"
    assert memory.fate(EVENT) is None


@pytest.mark.parametrize("error", [StorageAwayError("away"), RedisAway("away")])
def test_a_passing_fault_is_never_given_up(memory, error):
    source = InMemorySource(*[EVENT] * 3)
    failing = listener(source, memory, raising(error), tries=1)

    for _ in range(3):
        with pytest.raises(type(error)):
            failing.once(1)

    assert source.said == ["back in 10", "back in 20", "back in 40"]


def test_while_another_refresh_runs_the_event_is_given_back(memory):
    source = InMemorySource(EVENT)

    assert listener(source, memory, raising(LeaseHeldError("refresh 1 on a"))).once(1)

    assert source.said == ["back in 10"]
    assert memory.fate(EVENT) is None


@pytest.mark.parametrize("version", ["", "#6"])
def test_while_another_refresh_reads_older_data_the_event_is_given_back(memory, version):
    source = InMemorySource(EVENT)
    held = raising(LeaseHeldError("refresh 1 on a"))

    listener(source, memory, held, reading=lambda: f"gs://bucket/data{version}").once(1)

    assert source.said == ["back in 10"]


def test_while_another_refresh_reads_that_very_data_set_the_event_is_acknowledged(memory):
    source = InMemorySource(EVENT)
    held = raising(LeaseHeldError("refresh 1 on a"))

    listener(source, memory, held, reading=lambda: "gs://bucket/data#7").once(1)

    assert source.said == ["done"]
    assert memory.fate(EVENT) is Fate.DONE


def test_an_event_that_another_listener_works_on_can_still_be_given_back_by_it(memory):
    theirs = InMemorySource(EVENT)
    ours = InMemorySource(EVENT)

    def meanwhile(event):
        held = raising(LeaseHeldError("listen 1 on a"))
        listener(ours, memory, held, reading=lambda: EVENT.identity).once(1)
        raise ValueError("it failed")

    with pytest.raises(ValueError, match="it failed"):
        listener(theirs, memory, meanwhile).once(1)

    assert ours.said == ["back in 10"]
    assert theirs.said == ["back in 20"]
    assert memory.fate(EVENT) is None


def test_being_stopped_gives_the_event_back_at_once(memory):
    source = InMemorySource(EVENT)
    stopped = listener(source, memory, raising(KeyboardInterrupt()))

    with pytest.raises(KeyboardInterrupt):
        stopped.once(1)

    assert source.said == ["back in 0"]
    assert stopped.busy


def test_the_loop_goes_on_after_failures_and_ends_on_misuse(memory):
    events = [Event(EVENT.data, str(number)) for number in range(4)]
    source, worked = InMemorySource(*events), []
    errors = [None, ValueError("bug"), DataRefusedError("rows"), SettingsError("no bucket")]

    def work(event):
        worked.append(event)
        if (error := errors[int(event.version)]) is not None:
            raise error

    with pytest.raises(SettingsError):
        listener(source, memory, work).run(1, sleep=lambda seconds: None)

    assert worked == events


def test_errors_are_judged_as_exit_codes_are():
    judged = [_verdict(one) for one in (ValueError(), StorageAwayError(), DataRefusedError(),
                                        SettingsError())]  # fmt: skip
    assert judged == [Verdict.FAILED, Verdict.PASSING, Verdict.REFUSED, Verdict.MISUSED]


# A watched folder


def watched(folder):
    """Time passes only while it sleeps."""
    now = [0.0]

    def sleep(seconds):
        now[0] += seconds

    return WatchedFolder(folder, clock=lambda: now[0], sleep=sleep)


def announced(folder):
    data.announce(write_kaggle(folder))
    return folder


def test_an_announcement_in_a_watched_folder_or_below_is_an_event(tmp_path):
    (tmp_path / "in" / "lies").mkdir(parents=True)
    source = watched(tmp_path / "in")
    assert source.pull(5) is None

    announced(tmp_path / "in" / "one")

    assert source.pull(5).data == str(tmp_path / "in" / "one")
    assert watched(tmp_path / "in" / "one").pull(5).data == str(tmp_path / "in" / "one")


def test_a_folder_delivers_an_event_until_it_is_done_and_again_when_announced_again(tmp_path):
    source = watched(announced(tmp_path))
    first = source.pull(5)
    assert source.pull(5) == first
    source.done(first)
    assert source.pull(5) is None

    announced(tmp_path)

    assert source.pull(5).version != first.version


def test_what_is_given_back_to_a_folder_comes_again_later(tmp_path):
    source = watched(announced(tmp_path))
    first = source.pull(5)
    source.give_back(first, 30)

    assert source.pull(5) is None
    assert source.pull(60) == first


def test_a_file_that_appears_wakes_a_listener(tmp_path):
    """The real clock, once."""
    source = WatchedFolder(tmp_path, every_seconds=0.01)
    threading.Timer(0.05, lambda: announced(tmp_path)).start()

    assert source.pull(30) is not None
