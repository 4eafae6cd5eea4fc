"""Records of runs, in a real Redis, and who hears of what went wrong."""

import json
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from batch.publish import store
from jobs import cli
from jobs.recording import recorded
from schemas.errors import (
    DataRefusedError,
    DeadlineError,
    LeaseHeldError,
    SettingsError,
    VerificationError,
)
from schemas.runs import Outcome, Run, read
from schemas.store import runs
from schemas.store.control import Control
from tests.api_server import eventually
from tests.redis_cluster import redis_cluster

TOP = Path(__file__).parents[2]
DIE = """
import os, signal, sys
from jobs.recording import recorded

with recorded("refresh", sys.argv[1]):
    os.kill(os.getpid(), signal.SIGKILL)
"""


BEGAN = "2026-11-24T02:00:00+00:00"


def run(number, outcome=Outcome.RUNNING):
    return Run(f"20261124T0200{number:02}Z-a", "refresh", "manual", "me", BEGAN, outcome)


def ids(client):
    return [one.id for one in runs.records(client)]


def only(client):
    (found,) = runs.records(client)
    return found


def test_records_come_back_newest_first(client):
    for number in (2, 1, 3):
        runs.write(client, run(number))

    assert runs.records(client) == [run(3), run(2), run(1)]


def test_the_oldest_records_make_room(client, monkeypatch):
    monkeypatch.setattr(runs, "KEPT", 3)
    for number in range(5):
        runs.write(client, run(number))

    assert ids(client) == [run(number).id for number in (4, 3, 2)]
    assert client.hlen("ahr:{runs}:v1:alive") == 3


def test_a_run_that_is_not_heard_of_is_lost_until_it_is_heard_of_again(client):
    runs.write(client, run(1), alive_seconds=0.01)
    time.sleep(0.03)
    assert only(client).outcome is Outcome.LOST
    assert runs.lost(client) == runs.records(client)

    runs.keep_alive(client, run(1).id)

    assert only(client).outcome is Outcome.RUNNING


def test_a_run_that_has_ended_is_not_revived(client):
    runs.write(client, run(1, Outcome.DONE))

    runs.keep_alive(client, run(1).id)

    assert only(client).outcome is Outcome.DONE
    assert not client.exists("ahr:{runs}:v1:alive")


def test_the_latest_success_outlives_later_failures(client):
    for number, outcome in enumerate((Outcome.DONE, Outcome.FAILED, Outcome.SKIPPED)):
        runs.write(client, run(number, outcome))

    found = runs.latest(client, "refresh")
    assert (found.run.id, found.success.id) == (run(1).id, run(0).id)
    assert runs.latest(client, "backfill") == runs.Latest()


def test_records_live_on_a_cluster(tmp_path):
    with redis_cluster(tmp_path) as url, store.connect(url) as client:
        runs.write(client, run(1))
        runs.keep_alive(client, run(1).id)
        runs.write(client, run(2, Outcome.DONE))

        assert runs.records(client) == [run(2, Outcome.DONE), run(1)]
        assert runs.latest(client, "refresh").success == run(2, Outcome.DONE)


def test_a_run_is_on_record_while_it_runs_and_after(redis_url, client, tmp_path):
    with recorded("refresh", redis_url, tmp_path, "nightly") as recorder:
        begun = only(client)
        recorder.note(generation="G", counts={"users": 7})

    done = only(client)
    assert (begun.outcome, begun.trigger, begun.exit_code) == (Outcome.RUNNING, "nightly", None)
    assert done == replace(begun, outcome=Outcome.DONE, exit_code=0, ended=done.ended,
                           generation="G", counts={"users": 7})  # fmt: skip
    assert done.ended >= done.started
    assert read((tmp_path / "runs" / f"{done.id}.json").read_bytes()) == done


@pytest.mark.parametrize(("error", "outcome", "code", "message"), [
    (VerificationError("bad list"), Outcome.FAILED, 1, "bad list"),
    (ZeroDivisionError("oh"), Outcome.FAILED, 1, "oh"),
    (DataRefusedError("bad rows"), Outcome.REFUSED, 4, "bad rows"),
    (LeaseHeldError("refresh 1 on a"), Outcome.SKIPPED, 3, "refresh 1 on a"),
    (DeadlineError("time is up"), Outcome.STOPPED, 3, "time is up"),
    (KeyboardInterrupt(), Outcome.STOPPED, 1, "told to stop"),
])  # fmt: skip
def test_whatever_ends_a_run_is_on_record(redis_url, client, error, outcome, code, message):
    with pytest.raises(type(error)), recorded("refresh", redis_url):
        raise error

    found = only(client)
    assert (found.outcome, found.exit_code, found.message) == (outcome, code, message)
    assert found.ended


def test_a_run_that_is_killed_is_lost_and_the_next_one_says_so(redis_url, client, tmp_path):
    subprocess.run([sys.executable, "-c", DIE, redis_url], cwd=TOP, check=False)
    killed = only(client)
    assert killed.outcome is Outcome.RUNNING
    client.hset("ahr:{runs}:v1:alive", killed.id, 0)  # a minute later
    assert only(client).outcome is Outcome.LOST

    with listening() as (address, told), pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANIREC_NOTIFY_URL", address)
        with recorded("refresh", redis_url, tmp_path):
            assert runs.lost(client) == []

    written = read((tmp_path / "runs" / f"{killed.id}.json").read_bytes())
    assert (written.outcome, written.exit_code) == (Outcome.LOST, None)
    assert [one["id"] for one in told] == [killed.id]


def test_a_run_says_now_and_then_that_it_is_alive(redis_url, client, monkeypatch):
    monkeypatch.setattr(runs, "ALIVE_SECONDS", 0.03)
    with recorded("refresh", redis_url) as recorder:
        client.hset("ahr:{runs}:v1:alive", recorder.run.id, 0)

        eventually(lambda: only(client).outcome, Outcome.RUNNING)


def test_a_store_that_is_away_does_not_stop_a_run(tmp_path, caplog):
    with recorded("refresh", f"unix://{tmp_path}/nothing", tmp_path):
        pass

    (written,) = (read(one.read_bytes()) for one in (tmp_path / "runs").glob("2*.json"))
    assert written.outcome is Outcome.DONE
    assert "is not in the store" in caplog.text


def test_a_folder_that_cannot_be_written_does_not_stop_a_run(redis_url, client, tmp_path, caplog):
    (tmp_path / "file").touch()

    with recorded("refresh", redis_url, tmp_path / "file"):
        pass

    assert only(client).outcome is Outcome.DONE
    assert "has no file" in caplog.text


@contextmanager
def listening(status=204, headers=()):
    """The address of a server on this machine, and the bodies it was sent."""
    told = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook?secret=s3cret", told
        server.shutdown()
        thread.join()


def fail(redis_url, error):
    with pytest.raises(type(error)), recorded("refresh", redis_url):
        raise error


def test_whoever_is_named_hears_of_a_failure(redis_url, client, monkeypatch):
    with listening() as (address, told):
        monkeypatch.setenv("ANIREC_NOTIFY_URL", address)
        fail(redis_url, DataRefusedError("bad rows"))

    (body,) = told
    assert read(json.dumps(body)) == only(client)
    assert (body["outcome"], body["message"]) == ("refused", "bad rows")


def test_nobody_hears_of_what_went_well_or_was_skipped(redis_url, monkeypatch):
    with listening() as (address, told):
        monkeypatch.setenv("ANIREC_NOTIFY_URL", address)
        fail(redis_url, LeaseHeldError("refresh 1 on a"))
        with recorded("refresh", redis_url):
            pass

    assert told == []


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_notification_that_is_not_taken_changes_nothing(redis_url, monkeypatch, caplog, status):
    with (
        listening() as (other, elsewhere),
        listening(status, [("Location", other)]) as (address, told),
    ):
        monkeypatch.setenv("ANIREC_NOTIFY_URL", address)
        fail(redis_url, VerificationError("bad list"))

    assert (len(told), elsewhere) == (1, [])
    assert "127.0.0.1 was not notified" in caplog.text
    assert "s3cret" not in caplog.text


def test_a_server_that_never_answers_is_not_waited_for(redis_url, client, monkeypatch, caplog):
    monkeypatch.setattr("jobs.notifying.SECONDS", 0.1)
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as deaf:
        monkeypatch.setenv("ANIREC_NOTIFY_URL", f"http://127.0.0.1:{deaf.server_port}")
        fail(redis_url, VerificationError("bad list"))

    assert only(client).outcome is Outcome.FAILED
    assert "127.0.0.1" in caplog.text


@pytest.mark.parametrize("address", [
    "http://example.com/s3cret", "ftp://localhost/s3cret", "https:///s3cret", "s3cret",
    "https://me:s3cret@example.com", "http://127.0.0.1.example.com/s3cret", "https://a:b/s3cret",
])  # fmt: skip
def test_records_go_to_safe_addresses_only(redis_url, client, monkeypatch, address):
    monkeypatch.setenv("ANIREC_NOTIFY_URL", address)

    with pytest.raises(SettingsError, match="ANIREC_NOTIFY_URL") as caught:
        fail(redis_url, VerificationError("never comes so far"))

    assert "s3cret" not in str(caught.value)
    assert runs.records(client) == []


def listed(*arguments):
    done = CliRunner().invoke(cli.anirec, ["runs", *arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_runs_are_listed_as_a_table_and_as_json(redis_url, client):
    assert listed("--store", redis_url) == "nothing was run\n"
    runs.write(client, replace(run(1, Outcome.FAILED), exit_code=1, message="bad list"))
    runs.write(client, run(2))

    table = listed("--store", redis_url)
    newest = json.loads(listed("--store", redis_url, "--json", "--limit", "1"))

    assert all(word in table for word in (run(1).id, run(2).id, "failed", "bad list", "running"))
    assert [(one["id"], one["outcome"]) for one in newest] == [(run(2).id, "running")]


def test_a_wrong_folder_of_data_is_told_whoever_holds_the_lease(redis_url, client, tmp_path):
    Control(client).acquire("refresh 1 on a", 60_000)
    wrong = ["--data", str(tmp_path / "nowhere"), "--artifacts", str(tmp_path)]
    asked = ["refresh", *wrong, "--store", redis_url, "--tracking", "off"]

    with pytest.raises(SettingsError, match="there is no folder"):
        CliRunner().invoke(cli.anirec, asked, catch_exceptions=False)

    assert (only(client).outcome, only(client).exit_code) == (Outcome.FAILED, 2)
