"""Backfills over a real Redis, with a model that a refresh has used."""

import json
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from api import process
from api.settings import Settings
from batch.backfill import run
from batch.backfill.run import Request, backfill, dry_run
from batch.backfill.selection import Everybody, Named, read_since
from batch.backfill.throttle import Throttle
from batch.scoring import BLOCK
from batch.worker.reranking import Stores
from batch.worker.run import Pace, Worker
from jobs.backfill import backfill as command_line
from jobs.exit_codes import FAILED, MISUSED, exit_code_of
from schemas import history_codec, keys, overlay_codec, ranking_codec
from schemas.errors import (
    LeaseHeldError,
    LeaseLostError,
    NothingPublishedError,
    SettingsError,
)
from schemas.ratings import revision
from schemas.records import Generation, UserId
from schemas.store import forgetting, overlays
from schemas.store.control import Control
from tests.datasets import PLANNER, quiet
from tests.live import contents, copied, flip, overlay, rate

KNOWN, STRANGER = UserId(7), UserId(5_000)
USERS = 60
LATER = Generation("20990101T000000Z")
OLD = b"another list"
"""What code of before, or another machine, may have written."""


@pytest.fixture
def client(stocked):
    return stocked


@pytest.fixture
def generation(site):
    return site[1]


@pytest.fixture
def models(site):
    return site[0] / "artifacts" / "models"


@pytest.fixture
def fill(client, models):
    """Runs a backfill in this process."""

    def start(selection=None, progress=quiet, **parts):
        request = Request(selection or Everybody(), models, **parts)
        return backfill(Stores(client, client), request, progress)

    return start


@pytest.fixture
def worker(client, models):
    return Worker(Stores(client, client), models, "w", Pace(gather_ms=0))


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(run, "BLOCK", 8)
    return 8


def counted(report):
    return {fate: count for fate, count in report.lists.items() if count}


def stored_lists(client, generation):
    """Every key with a user's list, and what is there."""
    names = sorted(
        [*client.keys(f"{keys.prefix(generation, 'u')}*"),
         *client.keys(f"{keys.prefix(generation, 'o')}*")]
    )  # fmt: skip
    return dict(zip(names, client.mget(names), strict=True))


def left_over(client, generation):
    return client.keys(keys.backfill(generation, "*"))


def forget_position(client, generation):
    client.delete(*left_over(client, generation))


def make_old(client, generation, *users):
    """As if other code had made these users' nightly lists."""
    ranking = client.get(keys.user(generation, KNOWN + 1))
    before = {user: client.get(keys.user(generation, user)) for user in users}
    client.mset({keys.user(generation, user): ranking for user in users})
    return before


def test_lists_that_are_served_already_are_left_alone(client, generation, fill):
    before = stored_lists(client, generation)

    report = fill()

    assert (report.users, counted(report)) == (USERS, {"unchanged": USERS})
    assert report.generations == [generation]
    assert stored_lists(client, generation) == before
    assert left_over(client, generation) == []


def test_a_list_of_other_code_gets_the_one_that_the_night_would_give(client, generation, fill):
    before = make_old(client, generation, KNOWN, UserId(9))

    report = fill()

    assert counted(report) == {"unchanged": USERS - 2, "written": 2}
    made = {user: overlay(client, generation, user) for user in before}
    assert made == {user: (1, ranking) for user, ranking in before.items()}
    assert counted(fill()) == {"unchanged": USERS}


def test_a_lost_list_gets_the_bytes_that_the_worker_gave_it(client, generation, fill, worker):
    users = [KNOWN, UserId(12), STRANGER, UserId(PLANNER)]
    for user in users:
        rate(client, user, 3, 10)
        rate(client, user, 30, 2)
    worker.turn()
    names = [keys.overlay(generation, user) for user in users]
    before = client.mget(names)
    assert None not in before
    client.delete(*names)

    report = fill(Named(tuple(users)))

    assert client.mget(names) == before
    assert counted(report) == {"written": 4}


def test_blocks_of_another_size_give_the_same_bytes(client, generation, fill, small_blocks):
    before = make_old(client, generation, *map(UserId, range(1, 60)))

    fill()

    assert small_blocks < BLOCK
    for user, ranking in before.items():
        found = overlay(client, generation, user)
        assert found in (None, (1, ranking))
        assert (found or (0, client.get(keys.user(generation, user))))[1] == ranking


def test_what_a_night_knows_is_what_a_list_is_numbered_by(client, generation, fill):
    known = rate(client, KNOWN, 3, 10)
    other = copied(client, generation, LATER, "{}-{}".format(*known))
    flip(client, other)
    make_old(client, other, UserId(9))

    fill()

    assert overlay(client, other, UserId(9))[0] == revision(known)
    newer = rate(client, UserId(9), 3, 10)
    assert revision(newer) > revision(known)


def test_a_list_that_a_rating_leaves_as_it_is_gets_its_number(client, generation, fill, worker):
    (first, *_) = history_codec.decode(client.get(keys.history(generation, KNOWN)))
    said = rate(client, KNOWN, first.column + 1, first.rating, first.status)
    worker.turn()
    before = overlay(client, generation, KNOWN)
    assert before == (revision(said), client.get(keys.user(generation, KNOWN)))
    client.delete(keys.overlay(generation, KNOWN))

    assert counted(fill()) == {"unchanged": USERS - 1, "written": 1}

    assert overlay(client, generation, KNOWN) == before


def test_who_is_unknown_or_has_no_titles_is_counted(client, generation, fill):
    rate(client, STRANGER, 999, 10)

    report = fill(Named((KNOWN, STRANGER, UserId(5_001), UserId(5_002))))

    assert counted(report) == {"unchanged": 1, "without_titles": 1, "unknown": 2}


def test_a_rating_that_a_worker_ranks_meanwhile_is_not_undone(
    client, generation, fill, worker, monkeypatch
):
    worker.turn(wait_ms=1)
    make_old(client, generation, KNOWN)
    write, said = overlays.write, []

    def overtaken(lists, made):
        if not said:
            said.append(rate(client, KNOWN, 3, 10))
            worker.turn()
        return write(lists, made)

    monkeypatch.setattr(overlays, "write", overtaken)
    report = fill(Named((KNOWN,)))

    number, ranking = overlay(client, generation, KNOWN)
    assert number == revision(said[0])
    assert 2 not in {entry.column for entry in ranking_codec.decode(ranking)}
    assert counted(report) == {"newer": 1}


def test_whoever_rates_while_a_backfill_runs_keeps_the_newest_list(
    client, generation, fill, worker, small_blocks
):
    """A worker and a rater in threads of their own; then every list is what its history says."""
    users = [UserId(one) for one in range(1, 60)]
    over, last = threading.Event(), {}

    def rates():
        for anime in (3, 4, 23, 24, 5):
            for user in users:
                last[user] = rate(client, user, anime, 9)
        over.set()

    def ranks():
        while not over.is_set() or worker.turn(wait_ms=1):
            worker.turn(wait_ms=1)

    others = [threading.Thread(target=one) for one in (rates, ranks)]
    for one in others:
        one.start()
    while not over.is_set():
        make_old(client, generation, *users)
        fill()
    for one in others:
        one.join()

    found = {user: overlay(client, generation, user) for user in users}
    assert {user: number for user, (number, _) in found.items()} == {
        user: revision(entry) for user, entry in last.items()
    }
    fresh = copied(client, generation, LATER)
    flip(client, fresh)
    fill(Named(tuple(users)))
    assert {user: overlay(client, fresh, user) for user in users} == found


def test_answers_of_the_api_follow(client, generation, redis_url, fill):
    make_old(client, generation, KNOWN)
    http = process.build(Settings(redis_url, cache_mb=8)).test_client()
    path = "/v1/users/7/recommendations?limit=20&franchise=all"
    before = http.get(path)
    assert before.json["source"] == "precomputed"

    fill()
    after = process.build(Settings(redis_url)).test_client().get(path)

    assert after.json["source"] == "refreshed"
    assert after.json["items"] != before.json["items"]
    assert after.headers["ETag"] != before.headers["ETag"]
    assert client.xrevrange(keys.CHANGES, count=1)[0][1] == {b"user": str(PLANNER).encode()}


def test_another_list_from_the_same_ratings_has_another_tag(client, generation, redis_url):
    tags = set()
    for neighbour in (8, 9):
        ranking = client.get(keys.user(generation, neighbour))
        client.set(keys.overlay(generation, KNOWN), overlay_codec.encode(1, ranking))
        http = process.build(Settings(redis_url)).test_client()
        tags.add(http.get("/v1/users/7/recommendations").headers["ETag"])

    assert len(tags) == 2


class KilledError(Exception):
    """Whatever ends a run in the middle."""


def dies_after(blocks):
    calls = []

    def progress(*_, **__):
        calls.append(1)
        if len(calls) == blocks:
            raise KilledError

    return progress


def seen(monkeypatch):
    """The users of each block that is recomputed."""
    blocks, recompute = [], run.recompute

    def spy(stores, target, users):
        blocks.append(list(users))
        return recompute(stores, target, users)

    monkeypatch.setattr(run, "recompute", spy)
    return blocks


def test_a_run_that_was_killed_goes_on_where_it_was(
    client, generation, fill, small_blocks, monkeypatch
):
    with pytest.raises(KilledError):
        fill(progress=dies_after(3))
    blocks = seen(monkeypatch)

    report = fill()

    assert (report.resumed, report.users) == (True, USERS - 3 * small_blocks)
    assert blocks[0][0] == 3 * small_blocks + 1
    assert left_over(client, generation) == []
    assert not fill().resumed


@pytest.mark.parametrize("other", ["restart", "selection", "generation"])
def test_what_is_another_backfill_begins_at_its_beginning(
    client, generation, fill, small_blocks, other
):
    with pytest.raises(KilledError):
        fill(progress=dies_after(3))
    selection = Named(tuple(map(UserId, range(1, 51)))) if other == "selection" else None
    if other == "generation":
        flip(client, copied(client, generation, LATER))

    report = fill(selection, restart=other == "restart")

    assert (report.resumed, report.users) == (False, 50 if other == "selection" else USERS)


def test_a_block_that_was_not_finished_is_done_again(
    client, generation, fill, small_blocks, monkeypatch
):
    make_old(client, generation, KNOWN)
    with monkeypatch.context() as patch:
        patch.setattr(run, "announce", dies_after(1))
        with pytest.raises(KilledError):
            fill()
    told = client.xlen(keys.CHANGES)

    assert counted(fill()) == {"unchanged": USERS}

    news = [said[b"user"] for _, said in client.xrange(keys.CHANGES)[told:]]
    assert b"7" in news  # or a reader would keep what it remembers


def test_since_takes_those_who_have_rated_since(client, fill):
    rate(client, UserId(1), 3, 9)
    rate(client, UserId(2), 3, 9)
    rate(client, UserId(1), 4, 9)
    client.xadd(keys.STREAM, {"user": "7", "anime": "none"})

    hour = fill(read_since("1h"))
    none = fill(read_since((datetime.now(UTC) + timedelta(hours=1)).isoformat()))

    assert (hour.users, none.users) == (2, 0)


def test_a_since_that_was_killed_misses_nobody_who_rates_meanwhile(
    client, fill, small_blocks, monkeypatch
):
    for user in range(1, 21):
        rate(client, UserId(user), 3, 9)
    with pytest.raises(KilledError):
        fill(read_since("1h"), progress=dies_after(1))
    rate(client, UserId(2), 4, 9)
    blocks = seen(monkeypatch)

    assert fill(read_since("1h")).resumed

    assert [one for some in blocks for one in some] == [*range(9, 21), 2]


def test_all_are_those_with_a_history_and_those_who_have_rated(client, fill, monkeypatch):
    rate(client, STRANGER, 3, 9)
    blocks = seen(monkeypatch)

    fill()

    assert blocks == [[*range(1, USERS), PLANNER, STRANGER]]


def test_a_flip_meanwhile_makes_it_begin_anew(client, generation, fill, small_blocks, monkeypatch):
    other = copied(client, generation, LATER)
    make_old(client, other, UserId(3))
    blocks = seen(monkeypatch)

    def flips(_stage, done, _total, **_):
        if done == 2 * small_blocks:
            flip(client, other)

    report = fill(progress=flips)

    assert report.generations == [other]
    assert [block[0] for block in blocks[:4]] == [1, 9, 1, 9]
    assert counted(report) == {"unchanged": USERS - 1, "written": 1}
    assert overlay(client, other, UserId(3)) is not None


def test_a_flip_at_the_very_end_is_noticed(client, generation, fill):
    other = copied(client, generation, LATER)

    report = fill(progress=lambda *_, **__: flip(client, other))

    assert report.generations == [other]


def test_both_generations_of_a_test_are_done(client, generation, fill):
    other = copied(client, generation, LATER)
    flip(client, generation, other)
    make_old(client, other, KNOWN)
    make_old(client, generation, UserId(9))

    report = fill()

    assert report.generations == [generation, other]
    assert counted(report) == {"unchanged": 2 * USERS - 2, "written": 2}
    assert overlay(client, other, KNOWN)
    assert overlay(client, generation, UserId(9))


def test_one_user_who_cannot_be_ranked_does_not_hold_others_up(client, generation, fill):
    client.set(keys.history(generation, KNOWN), b"\xff\xff")
    make_old(client, generation, UserId(9))

    report = fill()

    assert counted(report) == {"unchanged": USERS - 2, "written": 1, "failed": 1}


def test_who_asks_to_be_forgotten_meanwhile_is(client, generation, fill, monkeypatch):
    make_old(client, generation, KNOWN)
    history, write, asked = client.get(keys.history(generation, KNOWN)), overlays.write, []

    def late(lists, made):
        if not asked:
            asked.append(True)
            forgetting.forget(client, client, KNOWN)
            client.set(keys.history(generation, KNOWN), history)
        return write(lists, made)

    monkeypatch.setattr(overlays, "write", late)
    report = fill()

    assert overlay(client, generation, KNOWN) is None
    assert counted(report) == {"unchanged": USERS - 1, "unknown": 1}


def test_it_holds_the_lease_and_names_itself(client, fill):
    held = []

    def look(*_, **__):
        with pytest.raises(LeaseHeldError) as refused:
            Control(client).acquire("other", 1)
        held.append(str(refused.value))

    fill(progress=look)

    assert held
    assert held[0].startswith("backfill ")
    assert Control(client).acquire("other", 1)


def test_it_does_not_start_while_somebody_holds_the_lease(client, generation, fill):
    make_old(client, generation, KNOWN)
    Control(client).acquire("refresh 1 on night-1", 60_000)

    with pytest.raises(LeaseHeldError, match="refresh 1 on night-1"):
        fill()

    assert overlay(client, generation, KNOWN) is None


def test_it_waits_if_told_to(client, fill):
    Control(client).acquire("refresh 1 on night-1", 300)

    assert counted(fill(wait=True)) == {"unchanged": USERS}


def test_a_lost_lease_ends_it_where_it_is(client, generation, fill, small_blocks):
    def loses(_stage, done, *_, **__):
        if done == 2 * small_blocks:
            client.hset(keys.CONTROL, "lease_until", 0)
            Control(client).acquire("other", 60_000)
            keeper = next(one for one in threading.enumerate() if "_keep" in one.name)
            keeper.join(5)

    with pytest.raises(LeaseLostError):
        fill(progress=loses, lease_seconds=1)

    Control(client).take_away("other")
    assert fill().users == USERS - 2 * small_blocks


def test_a_dry_run_says_how_many_and_how_long_and_does_nothing(client, generation, models):
    make_old(client, generation, KNOWN)
    before = contents(client)
    Control(client).acquire("refresh 1 on night-1", 60_000)
    control = client.hgetall(keys.CONTROL)

    request = Request(Everybody(), models, users_per_second=6)
    report = dry_run(Stores(client, client), request)

    assert report.dry_run
    assert report.users == USERS
    assert report.seconds >= USERS / 6
    assert counted(report) == {"unchanged": USERS - 1, "written": 1}
    assert contents(client) == before | {keys.CONTROL.encode(): control}


def test_it_keeps_to_the_pace_it_was_told(client, fill, small_blocks, monkeypatch):
    waited = []

    class Spy(Throttle):
        def wait(self, users):
            waited.append((self._per_second, users))

    monkeypatch.setattr(run, "Throttle", Spy)
    fill(users_per_second=7.0)

    assert waited == [(7.0, small_blocks)] * 7 + [(7.0, USERS % small_blocks)]


def test_what_it_cannot_work_with_is_said(client, tmp_path, fill, redis_url):
    with pytest.raises(SettingsError, match="--artifacts must be") as lacking:
        backfill(Stores(client, client), Request(Everybody(), tmp_path), quiet)
    client.flushall()
    with pytest.raises(NothingPublishedError, match="anirec refresh") as empty:
        fill()

    assert (exit_code_of(lacking.value), exit_code_of(empty.value)) == (MISUSED, FAILED)


@pytest.fixture
def command(redis_url, site):
    """Runs `anirec backfill`; returns its exit code, what it printed, and its errors."""

    def run(*arguments):
        done = subprocess.run(
            [sys.executable, "-m", "jobs.cli", "backfill", *map(str, arguments),
             "--store", redis_url, "--artifacts", site[0] / "artifacts"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    return run


def test_the_command_says_what_it_has_done(client, generation, command, tmp_path):
    make_old(client, generation, KNOWN)
    client.set(keys.history(generation, UserId(9)), b"\xff\xff")
    (tmp_path / "users").write_text("7\n8 5001\n")

    code, said, errors = command("--users-file", tmp_path / "users", "--json")
    assert code == 0, errors
    report = json.loads(said)
    assert (report["generations"], report["users"]) == ([generation], 3)
    assert counted(SimpleNamespace(**report)) == {"unchanged": 1, "written": 1, "unknown": 1}
    assert "backfill: 3 of 3" in errors

    code, said, errors = command("--all")
    assert (code, "59 unchanged, 1 failed" in said) == (1, True)
    assert "user 9 keeps the list that is: PayloadError" in errors


def test_the_command_names_whoever_holds_the_lease(client, command):
    Control(client).acquire("refresh 1 on night-1", 60_000)

    code, _, errors = command("--all")

    assert code == 3
    assert "refresh 1 on night-1 holds the lease: wait for it with --wait" in errors


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "one of --users, --users-file, --all and --since is needed"),
        (("--all", "--since", "2h"), "one of --users, --users-file, --all and --since is needed"),
        (("--users", "7,x"), "--users takes user ids"),
        (("--since", "yesterday"), "--since takes a time"),
        (("--users-file", "none"), "does not exist"),
    ],
)
def test_what_cannot_be_meant_ends_with_2(arguments, said):
    done = CliRunner().invoke(command_line, arguments)

    code = (
        done.exit_code if isinstance(done.exception, SystemExit) else exit_code_of(done.exception)
    )
    assert code == MISUSED
    assert said in done.output + str(done.exception)
