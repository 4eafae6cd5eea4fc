"""When a finished data set is used again, and when it is not."""

import os
import shutil

import pyarrow.parquet as pq
import pytest

from batch import dataset_choice
from batch.dataset import open_dataset
from batch.dataset_choice import Sources, choose_dataset
from batch.engine import IN_PROCESS
from batch.ingest import inputs
from batch.params import IngestParams
from batch.ratings import files
from batch.ratings.files import drained_in
from schemas.errors import DataRefusedError
from tests.datasets import catalogue, rows, write_kaggle

SAME_ROW = [7, 3, 10, 2]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Data with two drained ratings, and the data set that was made from them."""
    folder = tmp_path_factory.mktemp("made")
    write_kaggle(folder / "data")
    rate(folder, 1)
    assert not chosen(folder).reused
    return folder


@pytest.fixture
def folder(made, tmp_path):
    return shutil.copytree(made, tmp_path / "made")


def rate(folder, entry):
    files.write(folder / "ratings", [[entry, 0, *SAME_ROW]], (entry, 0))


def chosen(folder, params=None, **changes):
    sources = Sources(folder / "data", drained_in(folder / "ratings"), **changes)
    return choose_dataset(sources, folder / "datasets", params or IngestParams(), IN_PROCESS)


def manifests(folder):
    return sorted(path.parent.name for path in (folder / "datasets").glob("*/manifest.json"))


def test_the_same_again_is_not_ingested_again(folder):
    before = (folder / "data" / "animelist.csv").read_bytes()

    found = chosen(folder)

    assert found.reused
    assert found.dataset.manifest == open_dataset(found.dataset.folder).manifest
    assert (folder / "data" / "animelist.csv").read_bytes() == before


def test_a_copy_of_the_files_is_the_same(folder):
    for path in (folder / "data").iterdir():
        os.utime(path, (1, 1))
    (folder / "data").rename(folder / "moved")
    shutil.copytree(folder / "moved", folder / "data")

    assert chosen(folder).reused


def more_rows(folder):
    write_kaggle(folder / "data", [*rows(), "7,1,10,2,1"])


def other_byte_of_the_same_size(folder):
    path = folder / "data" / "animelist.csv"
    stat, text = path.stat(), path.read_text()
    at = text.index(",10,") + 2
    path.write_text(text[:at] + "1" + text[at + 1 :])
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def other_catalogue(folder):
    write_kaggle(folder / "data", titles=[*catalogue(), "41,New,Action,TV,Manga,Studio1"])


def another_file(folder):
    (folder / "data" / "anime_tags.csv").write_text("MAL_ID,Themes,Demographics,Tags\n1,,,Sad\n")


def file_of_another_name(folder):
    (folder / "data" / "animelist.csv").rename(folder / "data" / "z.csv")


def another_rating(folder):
    rate(folder, 2)


def erased_rating(folder):
    (path,) = drained_in(folder / "ratings").files
    files.without(path, [SAME_ROW[0]], [(1, 0)])
    assert pq.read_metadata(path).num_rows == 0


@pytest.mark.parametrize("change", [
    more_rows, other_byte_of_the_same_size, other_catalogue, another_file, file_of_another_name,
    another_rating, erased_rating,
])  # fmt: skip
def test_whatever_changes_asks_for_another_ingest(folder, change):
    change(folder)

    assert not chosen(folder).reused
    assert chosen(folder).reused


def test_a_user_who_is_forgotten_asks_for_another_ingest(folder):
    found = chosen(folder, without={9})

    assert not found.reused
    assert 9 not in [user for shard in found.dataset.shards() for user in shard.user_ids]
    assert chosen(folder, without={9}).reused
    assert len(manifests(folder)) == 2


def test_other_settings_ask_for_another_ingest(folder):
    write_kaggle(folder / "data", [*rows(), "7,999,10,2,1"])
    chosen(folder)

    with pytest.raises(DataRefusedError):
        chosen(folder, IngestParams(reject_share=0.0))


def test_other_code_asks_for_another_ingest(folder, monkeypatch):
    monkeypatch.setattr(inputs, "code_fingerprint", lambda: "of tomorrow")

    assert not chosen(folder).reused


def test_the_same_rows_from_other_files_are_one_data_set_that_knows_the_last_rating(folder):
    before = manifests(folder)
    rate(folder, 2)  # says the same again

    found = chosen(folder)

    assert (found.reused, manifests(folder)) == (False, before)
    assert found.dataset.manifest.watermark == "2-0"


def test_files_that_change_while_they_are_read_are_read_again(folder, monkeypatch):
    more_rows(folder)

    def ingest(*arguments, **options):
        made = before(*arguments, **options)
        os.utime(folder / "data" / "animelist.csv", (2, 2))
        return made

    before = dataset_choice.ingest
    monkeypatch.setattr(dataset_choice, "ingest", ingest)
    assert not chosen(folder).reused

    assert not chosen(folder).reused


def test_a_data_set_of_another_version_is_made_again(folder, caplog):
    (name,) = manifests(folder)
    (folder / "datasets" / name / "manifest.json").write_text("{}")

    assert not chosen(folder).reused
    assert f"data set {name} is of another version" in caplog.text
