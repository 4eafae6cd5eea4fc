"""A refresh tells of everybody together, by what is in its data set and in the stream."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from redis import Redis

from api.app import create_app
from api.repository import RedisRankings
from batch.dataset import open_dataset
from batch.engine import Engine
from batch.ingest.run import ingest
from batch.insights.run import find_insights
from batch.model_choice import Train
from batch.params import InsightParams
from batch.refresh import refresh
from schemas import audiences_codec, insights_codec, keys, ratings
from schemas.errors import VerificationError
from schemas.ratings import Rating
from schemas.records import AnimeId, Generation, Status, UserId
from schemas.store import forgetting
from schemas.store.control import Control
from schemas.store.ratings import append
from schemas.store.register import Register
from schemas.store.retention import Retention
from tests.datasets import SMALL, UNWATCHED, refreshed, request

ASKED = InsightParams(support=5, gem_raters=2, gem_share=0.3, fans=5, groups=2)
PARAMS = replace(SMALL, insights=ASKED)
NEW = 19
"""A title that nobody has in the files."""
GONE = 7


def nightly(folder, url, **parts):
    facts = {"train": Train.NEVER, "params": PARAMS} | parts
    return Generation(refreshed(folder, url, **facts).generation)


def told(client, generation):
    return insights_codec.decode(client.get(keys.insights(generation)))


def rate(client, anime, people, ms=None):
    for user in range(5_000, 5_000 + people):
        said = Rating(UserId(user), AnimeId(anime), 9, Status.COMPLETED)
        if ms is None:
            append(client, said, 10_000)
        else:
            client.xadd(keys.STREAM, ratings.fields(said), id=f"{ms}-{user}")


def test_both_tastes_of_the_sample_are_told_apart(folder, redis_url, client):
    made = nightly(folder, redis_url)

    found = told(client, made)
    assert {one.genres[0].name for one in found.groups} == {"Action", "Drama"}
    assert [one.share for one in found.groups] == pytest.approx([0.5, 0.5], abs=0.1)
    assert {one.name for one in found.traits.genres} == {"Action", "Drama"}
    assert found.users == 60
    assert found.ratings == sum(one.ratings for one in found.traits.genres)
    fans = audiences_codec.find(client.get(keys.audiences(made)), 0, ["Action", "Drama"])
    assert fans.leanings[0].name == "Action"
    assert fans.leanings[0].theirs > 0.6 > fans.leanings[0].crowd


def test_what_is_told_does_not_depend_on_shards(folder, tmp_path):
    many = tmp_path / "many"
    ingest(folder / "data", many, reject_share=0.0, rows_per_shard=90)
    [one] = (folder / "artifacts" / "datasets").iterdir()
    found = []
    for number, dataset in enumerate(map(open_dataset, (one, many))):
        work = tmp_path / f"work{number}"
        work.mkdir()
        nobody = np.zeros(dataset.manifest.anime, np.int64)
        found.append(find_insights(Engine(), dataset, dataset.catalogue(), nobody, PARAMS, work))

    assert len(open_dataset(many).manifest.shards) > 4
    assert found[0] == found[1]
    assert found[0].insights.groups


def test_what_many_people_take_up_rises_in_the_next_generation(folder, redis_url, client):
    assert NEW in UNWATCHED
    assert told(client, nightly(folder, redis_url)).rising.ratings == 0
    rate(client, NEW, 30)

    rising = told(client, nightly(folder, redis_url)).rising

    assert [(one.anime_id, one.recent) for one in rising.items] == [(NEW, 30)]
    assert (rising.days, rising.ratings) == (28, 30)


def test_what_was_rated_long_ago_does_not_rise(folder, redis_url, client):
    month_ago = int(datetime.now(UTC).timestamp() * 1000) - 29 * 24 * 3600 * 1000
    rate(client, NEW, 30, month_ago)

    assert told(client, nightly(folder, redis_url)).rising.ratings == 0


def test_who_was_forgotten_counts_nowhere(folder, redis_url, client):
    rate(client, NEW, 30)
    forgetting.forget(client, client, GONE)
    forgetting.forget(client, client, 5_000)

    found = told(client, nightly(folder, redis_url))

    assert found.users == 60 - 1 + 29
    assert [one.recent for one in found.rising.items] == [29]


def lost(client, key):
    client.delete(key)


def cut(client, key):
    client.set(key, client.get(key)[:-1])


def of_another_catalogue(client, key):
    document = json.loads(client.get(key))
    document["groups"][0]["titles"] = [999]
    client.set(key, json.dumps(document))


@pytest.mark.parametrize(
    ("key_of", "damage"),
    [(keys.insights, lost), (keys.insights, cut), (keys.insights, of_another_catalogue),
     (keys.audiences, lost), (keys.audiences, cut)],
)  # fmt: skip
def test_what_reads_back_wrong_is_not_published(folder, redis_url, client, key_of, damage):
    def breaks_it(stage, done, _total, /, **_):
        if (stage, done) == ("verify", 0):
            [record] = Register(client).records()
            damage(client, key_of(record.generation))

    wanted = request(folder, redis_url, train=Train.NEVER, params=PARAMS)
    with pytest.raises(VerificationError, match=r"insights|audiences"):
        refresh(wanted, breaks_it)

    assert Control(client).pointer() is None


def test_a_rollback_tells_what_was_told_before(folder, redis_url, client):
    before = nightly(folder, redis_url)
    rate(client, NEW, 30)
    after = nightly(folder, redis_url)
    with Redis.from_url(redis_url) as other:
        retention = Retention(Control(other), Register(other), PARAMS.publish.superseded_hours)
        assert told(client, before) != told(client, after)

        retention.roll_back(None, datetime.now(UTC))

    found = create_app(RedisRankings(client)).test_client().get("/v1/insights").json
    assert (found["generation"], found["rising"]["ratings"]) == (before, 0)
