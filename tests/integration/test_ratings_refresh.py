"""A refresh takes ratings from the stream into the data, and loses none."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from redis import Redis

from api import process
from api.settings import Settings
from batch.dataset import open_dataset
from batch.model_choice import Train
from batch.publish import store
from batch.ratings.draining import drain
from batch.ratings.files import drained_in
from batch.refresh import refresh
from batch.worker.reranking import Stores
from batch.worker.run import Pace, Worker
from jobs.exit_codes import MISUSED, exit_code_of
from schemas import keys, overlay_codec
from schemas.errors import SettingsError
from schemas.ratings import NOTHING, Rating, entry_id, read_recent, revision
from schemas.records import AnimeId, Generation, Status, UserId
from schemas.store import forgetting, ratings, waiting
from schemas.store.manifests import read_manifest
from tests.datasets import catalogue, refreshed, request, rows, write_kaggle
from tests.redis_cluster import redis_cluster
from tests.redis_server import start

KNOWN, STRANGER, PLANS = UserId(7), UserId(5_000), UserId(5_001)
TOP = Path(__file__).parents[2]


def rate(client, user, anime, rating=0, status=Status.COMPLETED):
    said = Rating(UserId(user), AnimeId(anime), rating, status)
    return ratings.append(client, said, 10_000).entry


def nightly(folder, url, **parts):
    return Generation(refreshed(folder, url, train=Train.NEVER, **parts).generation)


def history_in(folder, client, generation, user):
    """What the data set behind a generation has of a user: rating and status by title."""
    name = read_manifest(client, generation).dataset[:16]
    dataset = open_dataset(folder / "artifacts" / "datasets" / name)
    for shard in dataset.shards():
        found = shard.only(shard.user_ids == user)
        if len(found):
            titles = dataset.anime_ids[found.columns].tolist()
            marks = zip(found.ratings.tolist(), found.statuses.tolist(), strict=True)
            return dict(zip(titles, marks, strict=True))
    return {}


def worker(client, folder, ratings_client=None):
    stores = Stores(client, ratings_client or client)
    return Worker(stores, folder / "artifacts" / "models", "w", Pace(gather_ms=0))


def recent(client, user):
    return [one.anime_id for one in read_recent(client.get(keys.recent(user)) or b"")]


def test_ratings_are_in_the_next_lists_and_leave_the_stream(folder, redis_url, client):
    nightly(folder, redis_url)
    rate(client, KNOWN, 3, 10)
    rate(client, STRANGER, 25, 9)
    last = rate(client, KNOWN, 3, 0, Status.DROPPED)

    made = nightly(folder, redis_url)

    assert history_in(folder, client, made, KNOWN)[3] == (0, Status.DROPPED)
    assert history_in(folder, client, made, STRANGER) == {25: (9, 2)}
    assert read_manifest(client, made).watermark == last
    assert client.xlen(keys.STREAM) == 0
    (file,) = drained_in(folder / "artifacts" / "ratings").files
    assert pq.read_metadata(file).num_rows == 3


def test_the_overlay_of_a_day_is_the_list_of_the_night(folder, redis_url, client):
    first = nightly(folder, redis_url)
    rate(client, KNOWN, 3, 10)
    rate(client, KNOWN, 999, 10)
    rate(client, STRANGER, 25, 9, Status.UNKNOWN)
    rate(client, PLANS, 2, 0, Status.PLANNED)
    worker(client, folder).turn()
    users = (KNOWN, STRANGER, PLANS)
    lists = [overlay_codec.decode(client.get(keys.overlay(first, one)))[1] for one in users]

    second = nightly(folder, redis_url)

    assert lists == [client.get(keys.user(second, one)) for one in users]


def test_later_nights_keep_what_earlier_ones_drained(folder, redis_url, client):
    rate(client, KNOWN, 3, 4)
    rate(client, STRANGER, 25, 9)
    nightly(folder, redis_url)
    rate(client, KNOWN, 3, 8)

    made = nightly(folder, redis_url)

    assert history_in(folder, client, made, KNOWN)[3] == (8, 2)
    assert history_in(folder, client, made, STRANGER) == {25: (9, 2)}
    assert len(drained_in(folder / "artifacts" / "ratings").files) == 2


def test_a_rating_that_changes_nothing_moves_the_watermark_all_the_same(folder, redis_url, client):
    rate(client, KNOWN, 3, 4)
    first = nightly(folder, redis_url)
    last = rate(client, KNOWN, 3, 4)

    second = nightly(folder, redis_url)

    before, after = (read_manifest(client, one) for one in (first, second))
    assert after.dataset == before.dataset
    assert after.watermark == last
    assert client.xlen(keys.STREAM) == 0


def test_titles_that_the_catalogue_lacks_wait_for_it(folder, redis_url, client):
    rate(client, STRANGER, 41, 9)
    rate(client, STRANGER, 25, 9)
    assert history_in(folder, client, nightly(folder, redis_url), STRANGER) == {25: (9, 2)}

    write_kaggle(folder / "data", rows(), [*catalogue(), "41,New,Drama,TV,Manga,Studio1"])
    made = Generation(refreshed(folder, redis_url).generation)

    assert history_in(folder, client, made, STRANGER) == {25: (9, 2), 41: (9, 2)}


def answer(client, redis_url, user):
    """What a fresh API worker says: the source, and the titles."""
    found = (
        process.build(Settings(redis_url))
        .test_client()
        .get(f"/v1/users/{user}/recommendations?limit=40&franchise=all&reasons=0")
    )
    return found.json["source"], {item["anime_id"] for item in found.json["items"]}


@pytest.mark.parametrize("stage", [("score", None), ("verify", 0), ("verify", 1)])
def test_who_rates_while_a_refresh_runs_loses_nothing(folder, redis_url, client, stage):
    nightly(folder, redis_url)
    rate(client, KNOWN, 3, 10)
    said = []

    def rates(name, done, total, /, **_):
        if not said and name == stage[0] and stage[1] in (None, done):
            said.append(rate(client, KNOWN, 4, 10))
            said.append(rate(client, STRANGER, 25, 9))

    ranks = worker(client, folder)
    ranks.turn()
    made = Generation(refresh(request(folder, redis_url, train=Train.NEVER), rates).generation)

    # The flip has come, the worker has not: nothing that was rated is shown.
    source, shown = answer(client, redis_url, KNOWN)
    assert (source, shown & {3, 4}) == ("precomputed", set())
    assert answer(client, redis_url, STRANGER)[0] == "live"
    assert [one.decode() for one, _ in client.xrange(keys.STREAM)] == said
    assert 4 not in history_in(folder, client, made, KNOWN)

    ranks.turn()

    source, shown = answer(client, redis_url, KNOWN)
    assert (source, shown & {3, 4}) == ("refreshed", set())
    assert answer(client, redis_url, STRANGER)[0] == "refreshed"
    number, ranking = overlay_codec.decode(client.get(keys.overlay(made, KNOWN)))
    assert number == revision(entry_id(said[0]))

    after = nightly(folder, redis_url)

    assert history_in(folder, client, after, KNOWN)[4] == (10, 2)
    assert ranking == client.get(keys.user(after, KNOWN))
    assert client.xlen(keys.STREAM) == 0


def test_recent_ratings_stay_for_as_long_as_one_may_go_back(folder, redis_url, client):
    nightly(folder, redis_url)
    rate(client, KNOWN, 3, 10)
    nightly(folder, redis_url)
    assert recent(client, KNOWN) == [3]

    for _ in range(2):  # the first generation goes; those that stay know the rating
        forget_superseded(client)
        nightly(folder, redis_url)

    assert recent(client, KNOWN) == []


def forget_superseded(client):
    for name, text in client.hgetall(keys.REGISTER).items():
        if json.loads(text)["state"] == "superseded":
            client.hdel(keys.REGISTER, name)


def test_a_forgotten_user_is_erased_from_the_files_too(folder, redis_url, client):
    rate(client, KNOWN, 3, 10)
    rate(client, STRANGER, 25, 9)
    nightly(folder, redis_url)
    for user in (KNOWN, STRANGER):
        forgetting.forget(client, client, user)
    rate(client, STRANGER, 26, 8)

    made = nightly(folder, redis_url)

    assert history_in(folder, client, made, KNOWN) == {}
    assert history_in(folder, client, made, STRANGER) == {26: (8, 2)}
    first, _ = drained_in(folder / "artifacts" / "ratings").files
    assert pq.read_metadata(first).num_rows == 0


KILLED = """
import os, signal, sys
from pathlib import Path


def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)


{patch}
from batch.model_choice import Train
from tests.datasets import refreshed

refreshed(Path(sys.argv[1]), sys.argv[2], train=Train.NEVER)
"""
PLACES = {
    "before the file has its name": "from batch.ratings import files; files.os.replace = die",
    "between file and data set": "from batch import dataset_choice as choice; choice.ingest = die",
    "at the flip": "from schemas.store.control import Control; Control.flip = die",
    "before trimming": "from batch.ratings.settling import waiting; waiting.trim = die",
}


@pytest.mark.parametrize("place", PLACES)
def test_a_refresh_killed_anywhere_loses_nothing_and_doubles_nothing(
    folder, redis_url, client, place
):
    rate(client, KNOWN, 3, 10)
    script = KILLED.format(patch=PLACES[place])
    run = subprocess.run([sys.executable, "-c", script, folder, redis_url], cwd=TOP, env=os.environ,
                         capture_output=True, check=False)  # fmt: skip
    assert run.returncode == -signal.SIGKILL, run.stderr.decode()
    assert client.xlen(keys.STREAM) == 1
    rate(client, KNOWN, 4, 10)

    made = nightly(folder, redis_url)

    assert {3: (10, 2), 4: (10, 2)}.items() <= history_in(folder, client, made, KNOWN).items()
    drained = drained_in(folder / "artifacts" / "ratings").files
    assert sum(pq.read_metadata(one).num_rows for one in drained) == 2
    assert client.xlen(keys.STREAM) == 0


def test_another_artifacts_folder_is_refused_where_that_would_lose_ratings(
    folder, tmp_path, redis_url, client, model
):
    rate(client, KNOWN, 3, 10)
    nightly(folder, redis_url)
    other = shutil.copytree(model, tmp_path / "other")

    with pytest.raises(SettingsError, match="--artifacts must be") as refused:
        nightly(other, redis_url)

    assert exit_code_of(refused.value) == MISUSED


def test_what_is_no_rating_becomes_one_dead_letter(tmp_path, client):
    client.xadd(keys.STREAM, {"user": "7"}, id="5-1")
    ratings.append(client, Rating(KNOWN, AnimeId(3), 9), 100)

    for _ in range(2):
        drained = drain(client, tmp_path, NOTHING)

    assert len(drained.files) == 1
    ((_, letter),) = client.xrange(keys.DEAD_LETTERS)
    assert (letter[b"entry"], letter[b"said"]) == (b"5-1", b'{"user": "7"}')


def test_a_long_stream_becomes_several_files_with_each_entry_once(tmp_path, client):
    sent = [rate(client, user, 3, 9) for user in range(1, 26)]

    drained = drain(client, tmp_path, NOTHING, most=10)

    found = [one for path in drained.files for one in pq.read_table(path).to_pylist()]
    assert len(drained.files) == 3
    assert [f"{one['entry_ms']}-{one['entry_number']}" for one in found] == sent
    assert drain(client, tmp_path, NOTHING, most=10) == drained


def test_a_refresh_merges_the_small_files_of_many_nights(folder, redis_url, client):
    ratings_folder = folder / "artifacts" / "ratings"
    for rating in (1, 2, 3):
        for user in range(1, 7):
            rate(client, user, 3, rating)
    last = rate(client, KNOWN, 3, 10)
    assert len(drain(client, ratings_folder, NOTHING, most=1).files) == 19

    made = nightly(folder, redis_url)

    (file,) = drained_in(ratings_folder).files
    assert (file.name, pq.read_metadata(file).num_rows) == (os.listdir(ratings_folder)[0], 19)
    assert drained_in(ratings_folder).watermark == entry_id(last)
    marks = [history_in(folder, client, made, user)[3] for user in range(1, 8)]
    assert marks == [(3, 2)] * 6 + [(10, 2)]


def test_trimming_ends_at_the_watermark(client):
    sent = [rate(client, user, 3, 9) for user in range(1, 6)]

    assert waiting.trim(client, entry_id(sent[2])) == 3

    assert [one.decode() for one, _ in client.xrange(keys.STREAM)] == sent[3:]


def test_lists_and_ratings_may_lie_in_two_stores(folder, tmp_path, redis_url, client):
    (tmp_path / "q").mkdir()
    server = start(tmp_path / "q")
    try:
        with Redis.from_url(server.url) as other:
            first = nightly(folder, redis_url, ratings=server.url)
            rate(other, KNOWN, 3, 10)
            worker(client, folder, other).turn()
            ranking = overlay_codec.decode(client.get(keys.overlay(first, KNOWN)))[1]

            second = nightly(folder, redis_url, ratings=server.url)

            assert client.get(keys.user(second, KNOWN)) == ranking
            assert other.xlen(keys.STREAM) == 0
            assert not client.exists(keys.STREAM, keys.CHANGES)
    finally:
        server.stop()


def test_a_cluster_ranks_again_drains_and_trims(folder, tmp_path):
    (tmp_path / "c").mkdir()
    with redis_cluster(tmp_path / "c") as url, store.connect(url) as client:
        first = nightly(folder, url)
        rate(client, KNOWN, 3, 10)
        last = rate(client, STRANGER, 25, 9)
        ranks = worker(client, folder)
        assert ranks.turn() == 2
        names = [keys.overlay(first, one) for one in (KNOWN, STRANGER)]
        lists = [overlay_codec.decode(one)[1] for one in client.mget(names)]
        assert ranks._waiting.lag().entries == 0
        ranks._leave()

        second = nightly(folder, url)

        assert lists == client.mget([keys.user(second, one) for one in (KNOWN, STRANGER)])
        assert client.xlen(keys.STREAM) == 0

        ratings.absorb(client, [KNOWN, STRANGER], entry_id(last))

        assert recent(client, KNOWN) == recent(client, STRANGER) == []
