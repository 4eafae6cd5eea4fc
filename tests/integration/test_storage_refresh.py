"""Refreshes on machines that share nothing but a bucket; the bucket is in memory, Redis is real."""

import shutil

import pytest

from batch.model_choice import Train
from batch.refresh import refresh
from batch.storage import whole
from batch.storage.data import announce
from batch.storage.storage import Storage, described
from batch.worker.targets import Targets
from schemas import keys
from schemas.errors import ConflictError, DataRefusedError, SettingsError
from schemas.ratings import Rating
from schemas.records import AnimeId, UserId
from schemas.store import ratings
from schemas.store.control import Control
from tests.buckets import InMemoryRemote
from tests.datasets import quiet, refreshed, request, write_kaggle


@pytest.fixture
def remote():
    return InMemoryRemote()


@pytest.fixture
def machine(tmp_path, model, remote):
    """Makes machines with the data on them, and no artifacts but perhaps a model that fits."""

    def make(name, *, trained=False):
        shutil.copytree(model / "data", tmp_path / name / "data")
        if trained:
            shutil.copytree(model / "artifacts", tmp_path / name / "artifacts")
        return tmp_path / name

    return make


def run(folder, url, remote, **parts):
    return refreshed(folder, url, storage=Storage(folder / "artifacts", remote), **parts)


def rate(client, user, anime):
    ratings.append(client, Rating(UserId(user), AnimeId(anime), 9), 10_000)


def below(remote, folder):
    return sorted(name for name in remote.objects if name.startswith(f"{folder}/"))


def test_a_machine_with_nothing_reloads_the_model_and_finds_the_ratings(
    machine, redis_url, client, remote
):
    rate(client, 7, 3)
    first = run(machine("first", trained=True), redis_url, remote)
    assert client.xlen(keys.STREAM) == 0
    assert len(below(remote, "ratings")) == 1
    rate(client, 7, 4)

    second = run(machine("second"), redis_url, remote)

    assert (first.trained, second.trained) == (True, True)  # each night has other ratings
    assert len(below(remote, "ratings")) == 2
    third = run(machine("third"), redis_url, remote)
    assert (third.trained, third.model) == (False, second.model)


def test_a_machine_that_must_not_train_takes_the_newest_model_that_fits(machine, redis_url, remote):
    first = machine("first", trained=True)
    known = run(first, redis_url, remote)
    (first / "artifacts" / "models" / known.model / "anime_ids.npy").unlink()

    second = run(machine("second"), redis_url, remote, train=Train.NEVER)

    assert second.model == known.model


def test_ratings_are_in_the_bucket_before_the_stream_forgets_them(
    machine, redis_url, client, remote
):
    rate(client, 7, 3)

    def away(name):
        if name.startswith("ratings/"):
            raise ConflictError(name)

    remote.refuse = away
    with pytest.raises(ConflictError):
        run(machine("first", trained=True), redis_url, remote)

    assert client.xlen(keys.STREAM) == 1
    assert Control(client).pointer() is None


def test_without_the_ratings_of_the_bucket_a_refresh_is_refused(machine, redis_url, client, remote):
    rate(client, 7, 3)
    run(machine("first", trained=True), redis_url, remote)

    with pytest.raises(SettingsError, match="copy of its ratings"):
        run(machine("second"), redis_url, InMemoryRemote())


@pytest.mark.parametrize("kind", ["datasets", "models"])
def test_a_refresh_that_dies_while_it_uploads_leaves_no_artifact_and_publishes_nothing(
    machine, redis_url, client, remote, kind
):
    def dies(name):
        if name.startswith(f"{kind}/") and len(below(remote, kind)) == 2:
            raise KeyboardInterrupt

    remote.refuse = dies
    folder = machine("first", trained=True)
    with pytest.raises(KeyboardInterrupt):
        run(folder, redis_url, remote)

    assert len(below(remote, kind)) == 2
    assert whole.newest(remote, kind) == []
    assert Control(client).pointer() is None

    remote.refuse = lambda _name: None
    assert not run(folder, redis_url, remote).trained
    assert len(whole.newest(remote, kind)) == 1


def test_a_worker_on_another_machine_fetches_the_live_model(
    machine, redis_url, client, remote, tmp_path
):
    done = run(machine("first", trained=True), redis_url, remote)
    elsewhere = Storage(tmp_path / "elsewhere", remote)

    (target,) = Targets(client, elsewhere.artifacts / "models", elsewhere).current()

    assert target.model.manifest.model == done.model


def test_while_a_refresh_runs_it_says_which_data_it_reads(machine, redis_url, client, tmp_path):
    folder = machine("first", trained=True)
    announce(folder / "data")
    said = []

    def watch(_stage, _done, _total, /, **_values):
        said.append(Control(client).reading())

    wanted = request(folder, redis_url)
    refresh(wanted, watch)

    assert set(said) == {wanted.storage.fetch_data(wanted.data)}
    assert said[0].startswith(described(str(folder / "data"), ""))
    with pytest.raises(DataRefusedError):
        refresh(request(folder, redis_url, data=tmp_path / "nowhere"), quiet)
    assert Control(client).reading() == str(tmp_path / "nowhere")


def test_rejected_rows_of_data_that_were_refused_are_in_the_bucket(machine, redis_url, remote):
    folder = machine("first")
    write_kaggle(folder / "data", lines=["1,9999,7,2,1"] * 30)

    with pytest.raises(DataRefusedError):
        run(folder, redis_url, remote)

    (name,) = below(remote, "datasets")
    assert name.endswith(".rejects.csv")
