"""Whole artifacts, data sets and files in a bucket; the bucket is in memory."""

import json
import os

import pytest

from batch.storage import data, inventory, whole
from batch.storage.inventory import ANNOUNCEMENT, SEAL
from batch.storage.storage import LOCAL, Storage
from batch.storage.transfer import fetch
from jobs import options
from schemas.errors import (
    ConflictError,
    DataRefusedError,
    SettingsError,
    StorageAwayError,
    TryAgainError,
)
from tests.buckets import LAWS, InMemoryRemote
from tests.datasets import write_kaggle


@pytest.fixture
def remote():
    return InMemoryRemote()


@pytest.fixture
def artifact(tmp_path):
    return filled(tmp_path / "artifact", a="one", b="two", manifest="whole")


def filled(folder, **files):
    for name, text in files.items():
        path = folder / "leg" / name if name == "b" else folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def texts(folder):
    return {one.name: one.read_text() for one in folder.rglob("*") if one.is_file()}


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_a_bucket_in_memory_keeps_the_laws(law, remote, tmp_path):
    law(remote, tmp_path)


def test_an_artifact_comes_back_whole_on_a_machine_that_has_nothing(remote, artifact, tmp_path):
    whole.publish(remote, artifact, "models/x")

    assert whole.fetch(remote, "models/x", tmp_path / "new")
    assert texts(tmp_path / "new") == texts(artifact)


def test_the_seal_is_uploaded_last(remote, artifact):
    whole.publish(remote, artifact, "models/x")

    assert remote.uploads[-1] == f"models/x/{SEAL}"


def test_an_artifact_that_is_there_is_neither_sent_nor_fetched_again(remote, artifact, tmp_path):
    whole.publish(remote, artifact, "models/x")
    sent = list(remote.uploads)
    whole.fetch(remote, "models/x", tmp_path / "new")
    before = (tmp_path / "new").stat().st_ino

    whole.publish(remote, artifact, "models/x")
    whole.fetch(remote, "models/x", tmp_path / "new")

    assert (remote.uploads, (tmp_path / "new").stat().st_ino) == (sent, before)


@pytest.mark.parametrize("after", range(4))
def test_a_run_killed_while_it_uploads_leaves_no_artifact(remote, artifact, tmp_path, after):
    def killed(_name):
        if len(remote.uploads) == after:
            raise KeyboardInterrupt

    remote.refuse = killed
    with pytest.raises(KeyboardInterrupt):
        whole.publish(remote, artifact, "models/x")

    assert not whole.fetch(remote, "models/x", tmp_path / "new")
    assert whole.newest(remote, "models") == []
    assert not (tmp_path / "new").exists()

    remote.refuse = lambda _name: None
    whole.publish(remote, artifact, "models/x")
    assert whole.fetch(remote, "models/x", tmp_path / "new")


def test_an_artifact_that_is_replaced_is_not_there_until_it_is_whole_again(remote, artifact):
    whole.publish(remote, artifact, "models/x")
    filled(artifact, manifest="another")
    seen = []
    remote.refuse = lambda _name: seen.append(whole.newest(remote, "models"))

    whole.publish(remote, artifact, "models/x")

    assert seen == [[], []]  # the manifest, then the seal
    assert whole.newest(remote, "models") == ["models/x"]


def test_two_writers_with_different_artifacts_do_not_mix(remote, artifact, tmp_path):
    other = filled(tmp_path / "other", a="uno", b="dos", manifest="entero")

    def meanwhile(_name):
        remote.refuse = lambda _name: None
        whole.publish(remote, other, "models/x")

    remote.refuse = meanwhile
    with pytest.raises(ConflictError):
        whole.publish(remote, artifact, "models/x")

    assert whole.fetch(remote, "models/x", tmp_path / "new")
    assert texts(tmp_path / "new") == texts(other)


def test_a_writer_who_is_overtaken_before_the_seal_does_not_seal(remote, artifact):
    def overtaken(name):
        if name.endswith("manifest"):
            remote.put("models/x/a", b"somebody else's")

    remote.refuse = overtaken
    with pytest.raises(ConflictError, match="somebody else too: a"):
        whole.publish(remote, artifact, "models/x")

    assert whole.newest(remote, "models") == []


def test_the_same_artifact_may_be_written_twice_at_once(remote, artifact):
    def meanwhile(_name):
        remote.refuse = lambda _name: None
        whole.publish(remote, artifact, "models/x")

    remote.refuse = meanwhile
    whole.publish(remote, artifact, "models/x")

    assert whole.newest(remote, "models") == ["models/x"]


def test_an_artifact_with_a_changed_file_counts_as_absent(remote, artifact, tmp_path, caplog):
    whole.publish(remote, artifact, "models/x")
    remote.put("models/x/a", b"not it")

    assert not whole.fetch(remote, "models/x", tmp_path / "new")
    assert "not whole: a differs" in caplog.text

    whole.publish(remote, artifact, "models/x")
    assert whole.fetch(remote, "models/x", tmp_path / "new")


def test_a_removed_artifact_loses_its_seal_first(remote, artifact):
    whole.publish(remote, artifact, "models/x")
    gone = []
    delete = remote.delete
    remote.delete = lambda one: (gone.append(one.name), delete(one))

    whole.remove(remote, "models/x")

    assert gone[0] == f"models/x/{SEAL}"
    assert remote.objects == {}


def test_the_newest_artifacts_come_first(remote, artifact):
    for name in ("models/b", "models/a", "models/c"):
        whole.publish(remote, artifact, name)

    assert whole.newest(remote, "models") == ["models/c", "models/a", "models/b"]


def test_old_artifacts_go_but_not_those_that_are_kept(remote, artifact):
    for name in ("models/a", "models/b", "models/c", "models/d"):
        whole.publish(remote, artifact, name)

    assert whole.prune(remote, "models", ["models/a"], 2, now=0.0) == ["models/b"]

    assert whole.newest(remote, "models") == ["models/d", "models/c", "models/a"]


def test_what_a_killed_upload_left_goes_after_a_day(remote, artifact):
    whole.publish(remote, artifact, "models/a")
    left = remote.put("models/b/half", b"x")
    remote.put("models/rejects.csv", b"x")

    assert whole.prune(remote, "models", [], 1, now=left.updated + 3600) == []
    assert whole.prune(remote, "models", [], 1, now=left.updated + 90_000) == ["models/b"]
    assert whole.newest(remote, "models") == ["models/a"]
    assert "models/rejects.csv" in remote.objects


def test_what_is_damaged_on_its_way_is_not_kept(remote, tmp_path):
    stored = remote.put("one", b"abc")
    remote.download = lambda _stored, path: path.write_bytes(b"abd")

    with pytest.raises(StorageAwayError, match="damaged"):
        fetch(remote, stored, tmp_path / "one")

    assert list(tmp_path.iterdir()) == []


def test_a_fetched_file_is_as_old_as_its_object(remote, tmp_path):
    stored = remote.put("one", b"abc")

    fetch(remote, stored, tmp_path / "one")

    assert (tmp_path / "one").stat().st_mtime == stored.updated


# Data sets


def uploaded(remote, folder):
    for path in sorted(folder.iterdir()):
        remote.put(path.name, path.read_bytes())


def test_an_unannounced_folder_is_fetched_with_all_its_tables(remote, tmp_path):
    uploaded(remote, write_kaggle(tmp_path / "made"))
    remote.put("notes.txt", b"x")
    remote.put("archive/anime.csv", b"x")
    filled(tmp_path / "data", **{"rating.csv": "of a former data set"})

    assert data.fetch(remote, tmp_path / "data") == ""

    assert sorted(os.listdir(tmp_path / "data")) == ["anime.csv", "animelist.csv"]


def test_only_announced_files_of_an_announced_folder_are_fetched(remote, tmp_path):
    uploaded(remote, write_kaggle(tmp_path / "made"))
    address = data.announce_remote(remote)
    remote.put("rating.csv", b"came later")

    version = data.fetch(remote, tmp_path / "data")

    assert address == f"gs://bucket/folder/{ANNOUNCEMENT}"
    assert version == str(remote.find(ANNOUNCEMENT).generation)
    assert sorted(os.listdir(tmp_path / "data")) == ["anime.csv", "animelist.csv"]


def test_a_data_set_that_is_being_replaced_is_not_read(remote, tmp_path):
    uploaded(remote, write_kaggle(tmp_path / "made"))
    data.announce_remote(remote)
    remote.put("animelist.csv", b"half of another")

    with pytest.raises(TryAgainError, match=r"animelist.csv is not what dataset.json says"):
        data.fetch(remote, tmp_path / "data")


def test_an_empty_folder_is_refused(remote, tmp_path):
    with pytest.raises(DataRefusedError, match="gs://bucket/folder holds no"):
        data.fetch(remote, tmp_path / "data")
    with pytest.raises(DataRefusedError, match="gs://bucket/folder holds no"):
        data.announce_remote(remote)


@pytest.mark.parametrize(
    "text",
    [
        "what", "{}", '{"files": [{"name": "a"}], "created": ""}',
        json.dumps({"files": [{"name": "../a", "size": 1, "crc32c": ""}], "created": ""}),
    ],
)  # fmt: skip
def test_an_announcement_that_is_none_is_refused(remote, tmp_path, text):
    remote.put(ANNOUNCEMENT, text.encode())
    (tmp_path / ANNOUNCEMENT).write_text(text)

    with pytest.raises(DataRefusedError, match=ANNOUNCEMENT):
        data.fetch(remote, tmp_path / "data")
    with pytest.raises(DataRefusedError, match=ANNOUNCEMENT):
        data.version_of(tmp_path)


def test_a_local_announcement_has_another_version_each_time(tmp_path):
    write_kaggle(tmp_path)
    assert data.version_of(tmp_path) == ""
    data.announce(tmp_path)
    first = data.version_of(tmp_path)
    data.announce(tmp_path)

    assert first
    assert data.version_of(tmp_path) not in ("", first)


def test_a_local_data_set_that_is_not_what_was_announced_is_not_read(tmp_path):
    write_kaggle(tmp_path)
    data.announce(tmp_path)
    (tmp_path / "anime.csv").write_text("another")

    with pytest.raises(TryAgainError, match=r"anime.csv is not what dataset.json says"):
        LOCAL.fetch_data(tmp_path)


def test_an_inventory_is_read_as_it_was_written(artifact):
    files = [one for one in artifact.rglob("*") if one.is_file()]
    made = inventory.of_files(artifact, files, "2026-11-24")

    assert inventory.read(made.text().encode()) == made
    assert [one.name for one in made.files] == ["a", "leg/b", "manifest"]


# Files


@pytest.fixture
def storage(remote, tmp_path):
    return Storage(tmp_path / "artifacts", remote)


def test_the_newest_artifact_is_there_for_whoever_looks(storage, remote, artifact):
    for name in ("datasets/a", "datasets/b"):
        whole.publish(remote, artifact, name)

    storage.fetch_newest("datasets")

    assert [one.name for one in (storage.artifacts / "datasets").iterdir()] == ["b"]


def test_ratings_of_a_machine_are_exactly_those_of_the_bucket(storage, remote):
    remote.put("ratings/1.parquet", b"old")
    remote.put("ratings/deeper/2.parquet", b"not ours")
    filled(storage.artifacts / "ratings", **{"0.parquet": "of a killed run", "1.parquet": "else"})

    storage.fetch_files("ratings")

    assert texts(storage.artifacts / "ratings") == {"1.parquet": "old"}


def test_the_bucket_becomes_what_a_run_has_made_of_the_ratings(storage, remote):
    remote.put("ratings/1.parquet", b"old")
    remote.put("ratings/2.parquet", b"old")
    seen = storage.fetch_files("ratings")
    filled(storage.artifacts / "ratings", **{"2.parquet": "erased", "3.parquet": "drained"})
    filled(storage.artifacts / "ratings", **{".4.part": "half"})
    (storage.artifacts / "ratings" / "1.parquet").unlink()

    storage.keep_files("ratings", seen)

    assert {name: text for name, (_, text) in remote.objects.items()} == {
        "ratings/2.parquet": b"erased", "ratings/3.parquet": b"drained",
    }  # fmt: skip


def test_ratings_that_somebody_else_has_changed_are_not_written_over(storage, remote):
    remote.put("ratings/1.parquet", b"old")
    seen = storage.fetch_files("ratings")
    remote.put("ratings/1.parquet", b"of another refresh")
    filled(storage.artifacts / "ratings", **{"1.parquet": "of a run that lost its lease"})

    with pytest.raises(ConflictError):
        storage.keep_files("ratings", seen)


def test_added_files_delete_nothing(storage, remote):
    remote.put("runs/1.json", b"of another machine")
    filled(storage.artifacts / "runs", **{"2.json": "ours"})

    storage.add_files("runs")

    assert set(remote.objects) == {"runs/1.json", "runs/2.json"}


def test_without_a_bucket_nothing_happens(tmp_path):
    filled(tmp_path / "ratings", a="one")

    assert LOCAL.fetch_files("ratings") == {}
    assert not LOCAL.fetch("models/x")
    assert LOCAL.newest("models") == []
    LOCAL.keep_files("ratings", {})
    LOCAL.publish("models/x")

    assert texts(tmp_path) == {"a": "one"}


# Addresses


@pytest.mark.parametrize("uri", ["s3://bucket/x", "gs://", "gs:///", "gs://bucket/../x"])
def test_addresses_that_are_no_buckets_are_misuse(uri):
    with pytest.raises(SettingsError, match="--data must be a local folder or gs://"):
        options.local_folder(uri, "--data")


def test_a_bucket_is_stood_for_by_a_folder_under_var():
    folder = options.local_folder("gs://bucket/prefix/", "--data")

    assert folder == options.VAR / "cache" / "data" / "bucket" / "prefix"
    assert folder != options.local_folder("gs://bucket/prefix", "--artifacts")


def test_a_folder_of_data_that_is_not_there_is_misuse_and_one_in_a_bucket_is_not_looked_at(
    tmp_path,
):
    options.require_data(str(tmp_path))
    options.require_data("gs://bucket/prefix")

    with pytest.raises(SettingsError, match=r"there is no folder .*nowhere"):
        options.require_data(str(tmp_path / "nowhere"))
