"""Whoever asked to be forgotten stays out of the next data set and generation."""

import shutil

from batch.dataset import open_dataset
from batch.refresh import refresh
from schemas import keys
from schemas.store import forgetting
from tests.datasets import refreshed, request

GONE = 7


def users_of(folder):
    (dataset,) = (folder / "artifacts" / "datasets").iterdir()
    found = open_dataset(dataset)
    return {user for one in found.manifest.shards for user in found.shard(one).user_ids.tolist()}


def of_user(client, generation):
    return client.exists(*keys.of_user(generation, GONE))


def test_a_forgotten_user_is_not_in_the_next_data_set_nor_generation(folder, redis_url, client):
    forgetting.forget(client, client, GONE)
    shutil.rmtree(folder / "artifacts" / "datasets", ignore_errors=True)

    report = refreshed(folder, redis_url)

    assert GONE not in users_of(folder)
    assert report.users == len(users_of(folder))
    assert of_user(client, report.generation) == 0


def test_who_asks_while_a_refresh_runs_is_not_in_what_it_publishes(folder, redis_url, client):
    def asks_late(stage, done, total, /, **_):
        if (stage, done) == ("verify", 1):
            forgetting.forget(client, client, GONE)

    report = refresh(request(folder, redis_url), asks_late)

    assert of_user(client, report.generation) == 0


def test_who_asks_before_verification_does_not_make_a_refresh_fail(folder, redis_url, client):
    def asks_early(stage, done, total, /, **_):
        if (stage, done) == ("verify", 0):
            forgetting.forget(client, client, GONE)

    report = refresh(request(folder, redis_url), asks_early)

    assert of_user(client, report.generation) == 0


def test_others_keep_everything(folder, redis_url, client):
    forgetting.forget(client, client, GONE)

    report = refreshed(folder, redis_url)

    assert client.exists(keys.user(report.generation, 8), keys.history(report.generation, 8)) == 2
