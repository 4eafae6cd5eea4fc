"""Small files of ratings become one: nothing is lost, nothing is double, whatever is killed."""

import os

import pyarrow.parquet as pq
import pytest

from batch.ratings import files
from batch.ratings.compaction import compact
from batch.ratings.draining import erase_forgotten
from batch.ratings.files import drained_in, write
from schemas.errors import VerificationError
from schemas.forgetting import Forgotten
from schemas.ratings import NOTHING


def nights(folder, *amounts, start=0):
    """A file for each night, with so many ratings; one title is rated again every time."""
    at, said = start, []
    for amount in amounts:
        rows = [(at + n, n, 7, 1 if n == 0 else 10 + n, 1 + at % 10, 2) for n in range(amount)]
        at += amount
        write(folder, rows, (at - 1, amount - 1))
        said += rows
    return said


def read(folder):
    return [
        tuple(one.values())
        for path in drained_in(folder).files
        for one in pq.read_table(path).to_pylist()
    ]


def names(folder):
    return sorted(os.listdir(folder))


class KilledError(BaseException):
    """What a kill looks like from inside: nothing cleans up."""


def dies(*_, **__):
    raise KilledError


def test_rows_order_and_watermark_stay(tmp_path):
    said = nights(tmp_path, 3, 1, 4, 2)
    before = drained_in(tmp_path)

    after = compact(tmp_path, most_files=3)

    assert read(tmp_path) == said
    assert after.watermark == before.watermark
    assert names(tmp_path) == [after.files[0].name] == [before.files[-1].name]


def test_few_files_are_left_alone(tmp_path):
    nights(tmp_path, 3, 1, 4)
    before = [path.stat().st_ino for path in drained_in(tmp_path).files]

    after = compact(tmp_path, most_files=3)

    assert [path.stat().st_ino for path in after.files] == before


def test_a_folder_that_is_not_there_stays_away(tmp_path):
    assert compact(tmp_path / "none").watermark == NOTHING
    assert not (tmp_path / "none").exists()


def test_no_file_gets_longer_than_one_may_be(tmp_path):
    said = nights(tmp_path, 9, 2, 2, 2, 2, 2)

    compact(tmp_path, most_files=2, most_rows=10)

    assert [files.rows_in(path) for path in drained_in(tmp_path).files] == [9, 10]
    assert read(tmp_path) == said


def test_merged_files_are_merged_again(tmp_path):
    said = []
    for night in range(20):
        said += nights(tmp_path, 2, start=2 * night)
        compact(tmp_path, most_files=4)

    assert read(tmp_path) == said
    assert len(names(tmp_path)) <= 5


def test_what_was_erased_in_a_merged_file_stays_away(tmp_path):
    said = nights(tmp_path, 3, 3, 3)
    compact(tmp_path, most_files=1)
    erase_forgotten(drained_in(tmp_path), {7: Forgotten(0, (4, 9))})
    said += nights(tmp_path, 3, start=9)

    compact(tmp_path, most_files=1)

    assert read(tmp_path) == said[5:]


@pytest.mark.parametrize("place", ["before it has its name", "before the others go", "among them"])
@pytest.mark.parametrize("again", [1, 2])
def test_a_merge_killed_anywhere_loses_nothing_and_doubles_nothing(
    tmp_path, monkeypatch, place, again
):
    said = nights(tmp_path, 3, 1, 4, 2)
    unlink, gone = files.Path.unlink, []

    def dies_at_the_second(path):
        gone.append(path)
        if len(gone) == 2:
            raise KilledError
        unlink(path)

    for _ in range(again):
        with monkeypatch.context() as patch:
            if place == "before it has its name":
                patch.setattr(files.os, "replace", dies)
            elif place == "before the others go":
                patch.setattr(files, "delete_held", dies)
            else:
                patch.setattr(files.Path, "unlink", dies_at_the_second)
            try:
                compact(tmp_path, most_files=2)
            except KilledError:
                assert read(tmp_path) == said
        said += nights(tmp_path, 1, start=said[-1][0] + 1)

    assert read(tmp_path) == said
    after = compact(tmp_path, most_files=2)
    assert read(tmp_path) == said
    assert names(tmp_path) == [path.name for path in after.files] or place.startswith("before it")


def test_what_a_run_writes_that_has_lost_its_lease_is_not_double(tmp_path):
    said = nights(tmp_path, 3, 4)
    write(tmp_path, said[3:5], said[4][:2])  # as far as the stream went when it was stopped
    assert len(names(tmp_path)) == 3

    assert read(tmp_path) == said
    compact(tmp_path)
    assert len(names(tmp_path)) == 2


def test_files_of_a_version_that_did_not_say_their_first_entry_are_merged_too(tmp_path):
    said = nights(tmp_path, 3, 1, 4)
    for path in drained_in(tmp_path).files:
        pq.write_table(pq.read_table(path).replace_schema_metadata(), path)

    compact(tmp_path, most_files=2)

    assert read(tmp_path) == said
    assert len(names(tmp_path)) == 1


def test_a_merge_that_cannot_be_read_back_changes_nothing(tmp_path, monkeypatch):
    said = nights(tmp_path, 3, 1, 4)
    written = pq.write_table

    def lossy(table, where, **options):
        written(table.slice(0, table.num_rows - 1), where, **options)

    with monkeypatch.context() as patch:
        patch.setattr(pq, "write_table", lossy)
        with pytest.raises(VerificationError):
            compact(tmp_path, most_files=1)

    assert read(tmp_path) == said
