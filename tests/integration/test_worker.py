"""Ratings become lists: the worker over a real Redis, with a model that a refresh has used."""

import shutil
from dataclasses import replace

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from batch.model_choice import Train
from batch.worker import run
from batch.worker.reranking import Stores
from batch.worker.run import Pace, Worker
from jobs.exit_codes import MISUSED, exit_code_of
from schemas import history_codec, keys, ranking_codec
from schemas.errors import SettingsError
from schemas.ratings import revision
from schemas.records import Generation, Status, UserId
from schemas.store import forgetting, overlays
from schemas.store.manifests import read_manifest
from schemas.store.overlays import Overlay
from schemas.store.waiting import GROUP
from tests.datasets import refreshed, rows, write_kaggle
from tests.live import copied, flip, overlay, rate

KNOWN, STRANGER = UserId(7), UserId(5_000)
PACE = Pace(gather_ms=0, abandoned_ms=0, tries=3)


@pytest.fixture
def client(stocked):
    return stocked


@pytest.fixture
def folder(site):
    return site[0]


@pytest.fixture
def generation(site):
    return site[1]


@pytest.fixture
def worker(client, folder):
    """Makes workers, each with a name of its own."""
    names = (f"worker-{n}" for n in range(10))

    def make(pace=PACE, models=folder / "artifacts" / "models", store=client):
        return Worker(Stores(store, store), models, next(names), pace)

    return make


def listed(ranking):
    return {entry.column for entry in ranking_codec.decode(ranking)}


def pending(client):
    return client.xpending(keys.STREAM, GROUP)["pending"]


def letters(client):
    return [letter for _, letter in client.xrange(keys.DEAD_LETTERS)]


def dies(*_):
    raise KeyboardInterrupt


def test_a_nightly_run_over_the_same_ratings_with_the_same_model_gives_the_same_bytes(
    tmp_path, redis_url, client, folder, generation, worker
):
    said = [(KNOWN, 3, 10, 2), (KNOWN, 30, 2, 4), (STRANGER, 25, 9, 2), (KNOWN, 3, 8, 2),
            (STRANGER, 2, 0, 6), (STRANGER, 26, 7, 1)]  # fmt: skip
    for user, anime, rating, status in said:
        rate(client, UserId(user), anime, rating, Status(status))
    worker().turn()
    lists = {user: overlay(client, generation, user)[1] for user in (KNOWN, STRANGER)}

    run = shutil.copytree(folder, tmp_path / "run")
    write_kaggle(run / "data", [*rows(), *(",".join(map(str, [*one, 1])) for one in said)])
    client.delete(keys.STREAM)  # what it says is in the files
    nightly = refreshed(run, redis_url, train=Train.NEVER)

    assert nightly.model == read_manifest(client, generation).model
    made = Generation(nightly.generation)
    assert lists == {user: client.get(keys.user(made, user)) for user in lists}
    assert lists[KNOWN] != client.get(keys.user(generation, KNOWN))


def test_a_second_rating_folds_onto_the_first(client, generation, worker):
    first = rate(client, KNOWN, 3, 10)
    ranks = worker()
    ranks.turn()
    assert overlay(client, generation, KNOWN)[0] == revision(first)

    second = rate(client, KNOWN, 4, 10)
    ranks.turn()

    number, ranking = overlay(client, generation, KNOWN)
    assert number == revision(second)
    assert {2, 3}.isdisjoint(listed(ranking))
    assert pending(client) == 0


def test_what_is_handed_out_twice_gives_the_same_bytes(client, generation, worker):
    rate(client, KNOWN, 3, 10)
    worker().turn()
    before = client.get(keys.overlay(generation, KNOWN))
    client.xgroup_setid(keys.STREAM, GROUP, "0")

    assert worker().turn() == 1

    assert client.get(keys.overlay(generation, KNOWN)) == before


def test_a_list_that_knows_less_does_not_replace_one_that_knows_more(client, generation):
    def write(number, text):
        overlays.write(client, [Overlay(generation, KNOWN, number, text)])

    for number, text in ((2**33 + 5, b"new"), (2**33 + 4, b"old"), (2**32 + 9, b"older")):
        write(number, text)
    assert overlay(client, generation, KNOWN) == (2**33 + 5, b"new")

    write(2**34 + 1, b"newest")  # low half smaller, high half larger
    assert overlay(client, generation, KNOWN) == (2**34 + 1, b"newest")


def test_two_workers_with_one_user_lose_nothing(client, generation, worker, monkeypatch):
    slow, quick = worker(), worker()
    rate(client, KNOWN, 3, 10)
    write = overlays.write
    meanwhile = []

    def overtaken(lists, some):
        some = list(some)
        if not meanwhile:
            meanwhile.append(rate(client, KNOWN, 4, 10))
            quick.turn()
        return write(lists, some)

    monkeypatch.setattr(overlays, "write", overtaken)
    slow.turn()

    number, ranking = overlay(client, generation, KNOWN)
    assert number == revision(meanwhile[0])
    assert {2, 3}.isdisjoint(listed(ranking))


def test_workers_share_the_entries(client, worker):
    for user in range(1, 41):
        rate(client, UserId(user), 3, 9)
    one, other = worker(replace(PACE, most=20, abandoned_ms=60_000)), worker()

    assert (one.turn(), other.turn()) == (20, 20)


def test_the_entries_of_a_dead_worker_are_taken_over(client, generation, worker, monkeypatch):
    dead = worker()
    dead.turn(wait_ms=1)
    rate(client, KNOWN, 3, 10)
    with monkeypatch.context() as patch:
        patch.setattr(run, "rerank", dies)
        with pytest.raises(KeyboardInterrupt):
            dead.turn()
    assert (pending(client), overlay(client, generation, KNOWN)) == (1, None)

    worker().turn()

    assert pending(client) == 0
    assert overlay(client, generation, KNOWN) is not None


def test_what_cannot_be_read_becomes_a_dead_letter_after_some_tries(client, generation, worker):
    client.xadd(keys.STREAM, {"user": "7", "anime": "none"})
    rate(client, KNOWN, 3, 10)
    ranks = worker()

    ranks.turn()
    assert overlay(client, generation, KNOWN) is not None
    assert (letters(client), pending(client)) == ([], 1)
    ranks._claim_at = 0
    ranks.turn()
    ranks._claim_at = 0
    ranks.turn()

    (letter,) = letters(client)
    assert b"malformed rating" in letter[b"reason"]
    assert (letter[b"tries"], letter[b"said"]) == (b"3", b'{"user": "7", "anime": "none"}')
    assert pending(client) == 0


def test_one_user_who_cannot_be_ranked_does_not_hold_others_up(client, generation, worker):
    client.set(keys.history(generation, KNOWN), b"\xff\xff")
    for user in range(1, 21):
        rate(client, UserId(user), 3, 9)
    ranks = worker()

    for _ in range(3):
        ranks._claim_at = 0
        ranks.turn()

    done = [user for user in range(1, 21) if overlay(client, generation, UserId(user))]
    assert done == [user for user in range(1, 21) if user != KNOWN]
    (letter,) = letters(client)
    assert b"PayloadError: unknown history version" in letter[b"reason"]


def test_an_entry_that_kills_workers_is_given_up(client, worker, monkeypatch):
    mortals = [worker() for _ in range(3)]
    for one in mortals:
        one.turn(wait_ms=1)
    rate(client, KNOWN, 3, 10)
    with monkeypatch.context() as patch:
        patch.setattr(run, "rerank", dies)
        for one in mortals:
            one._claim_at = 0
            with pytest.raises(KeyboardInterrupt):
                one.turn()

    worker().turn()

    (letter,) = letters(client)
    assert letter[b"reason"] == b"no worker has lived to finish it"


def test_who_rates_only_what_the_catalogue_lacks_gets_no_list(client, generation, worker):
    rate(client, STRANGER, 999, 10)

    worker().turn()

    assert overlay(client, generation, STRANGER) is None
    assert pending(client) == 0


def test_a_forgotten_users_older_ratings_are_not_used(client, generation, worker):
    rate(client, KNOWN, 3, 10)
    forgetting.forget(client, client, KNOWN)
    worker().turn()
    assert overlay(client, generation, KNOWN) is None

    rate(client, KNOWN, 25, 10)
    worker().turn()

    _, ranking = overlay(client, generation, KNOWN)
    assert len(listed(ranking)) == 39  # everything but the one title that counts


@pytest.mark.parametrize("rates_again", [False, True])
def test_who_asks_to_be_forgotten_while_being_ranked_is(
    client, generation, worker, monkeypatch, rates_again
):
    rate(client, KNOWN, 3, 10)
    history, write, asked = client.get(keys.history(generation, KNOWN)), overlays.write, []

    def late(lists, some):
        some = list(some)
        if not asked:
            asked.append(True)
            forgetting.forget(client, client, KNOWN)
            client.set(keys.history(generation, KNOWN), history)  # erasing has not come so far
            if rates_again:
                rate(client, KNOWN, 25, 10)
        return write(lists, some)

    monkeypatch.setattr(overlays, "write", late)
    worker().turn()

    found = overlay(client, generation, KNOWN)
    assert (found is not None) == rates_again
    assert found is None or len(listed(found[1])) == 39


def test_both_generations_of_a_test_get_the_list(client, generation, worker):
    other = copied(client, generation, Generation("20990101T000000Z"))
    flip(client, generation, other)
    rate(client, KNOWN, 3, 10)

    worker().turn()

    first, second = (overlay(client, one, KNOWN) for one in (generation, other))
    assert first == second is not None


def test_after_a_flip_those_rank_again_whose_ratings_the_new_lists_do_not_know(
    client, generation, worker
):
    first = rate(client, KNOWN, 3, 10)
    second = rate(client, STRANGER, 3, 10)
    ranks = worker()
    ranks.turn()
    watermark = "{}-{}".format(*first)
    other = copied(client, generation, Generation("20990101T000000Z"), watermark)
    flip(client, other)
    told = client.xlen(keys.CHANGES)

    ranks.turn(wait_ms=1)

    assert overlay(client, other, KNOWN) is None
    assert overlay(client, other, STRANGER)[0] == revision(second)
    news = client.xrange(keys.CHANGES)[told:]
    assert {b"user": b"5000"} in [said for _, said in news]


def test_a_flip_while_ranking_is_noticed_before_the_rating_counts_as_done(
    client, generation, worker, monkeypatch
):
    other = copied(client, generation, Generation("20990101T000000Z"))
    ranks, write = worker(), overlays.write
    ranks.turn(wait_ms=1)
    rate(client, KNOWN, 3, 10)

    def flipped(lists, some):
        flip(client, other)
        return write(lists, some)

    monkeypatch.setattr(overlays, "write", flipped)
    ranks.turn()

    assert pending(client) == 0
    assert overlay(client, other, KNOWN) is not None


def test_a_rating_that_meets_a_store_away_is_tried_again(client, generation, worker, monkeypatch):
    rate(client, KNOWN, 3, 10)
    rank, away = run.rerank, [RedisConnectionError("away")] * 2

    def faulty(*arguments):
        if away:
            raise away.pop()
        rank(*arguments)

    monkeypatch.setattr(run, "rerank", faulty)
    ranks = worker()
    ranks.run(lambda: overlay(client, generation, KNOWN) is not None)

    assert (letters(client), away) == ([], [])


def test_a_store_that_was_emptied_is_followed_anew(client, generation, worker, site):
    ranks = worker()
    ranks.turn(wait_ms=1)
    client.delete(keys.STREAM)
    rate(client, KNOWN, 3, 10)

    ranks.run(lambda: overlay(client, generation, KNOWN) is not None)

    assert overlay(client, generation, KNOWN) is not None


def test_a_worker_without_the_live_model_says_where_it_looked(client, tmp_path, worker):
    with pytest.raises(SettingsError, match=r"is not in .*--artifacts must be") as refused:
        worker(models=tmp_path).turn()

    assert exit_code_of(refused.value) == MISUSED


def test_lag_counts_what_waits_and_how_long(client, worker):
    for anime in (3, 4, 5):
        rate(client, KNOWN, anime, 8)
    ranks = worker()
    ranks._waiting.join()
    ranks._waiting.fresh(1, None)

    lag = ranks._waiting.lag()

    assert lag.entries == 3
    assert 0 <= lag.seconds < 60


def test_histories_and_nightly_lists_stay_as_they_are(client, generation, worker):
    names = [keys.user(generation, KNOWN), keys.history(generation, KNOWN)]
    before = client.mget(names)
    rate(client, KNOWN, 3, 10)

    worker().turn()

    assert client.mget(names) == before
    assert history_codec.length(before[1]) > 0
