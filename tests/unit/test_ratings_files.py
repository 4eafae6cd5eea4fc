import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from batch.ingest import drained
from batch.ratings import files
from batch.ratings.draining import erase_forgotten
from batch.ratings.files import SCHEMA, drained_in, write
from schemas.errors import VerificationError
from schemas.forgetting import Forgotten
from schemas.ratings import NOTHING


def row(ms, user, anime=1, rating=9, status=2, number=0):
    return (ms, number, user, anime, rating, status)


def read(folder):
    return [
        tuple(one.values())
        for path in drained_in(folder).files
        for one in pq.read_table(path).to_pylist()
    ]


def test_a_folder_that_is_not_there_has_drained_nothing(tmp_path):
    assert drained_in(tmp_path / "none") == files.NONE_DRAINED
    assert files.NONE_DRAINED.watermark == NOTHING


def test_files_are_read_in_the_order_of_the_stream(tmp_path):
    write(tmp_path, [row(10, 1)], (10, 0))
    write(tmp_path, [row(9, 2, number=12)], (9, 12))
    write(tmp_path, [row(9, 3, number=7)], (9, 7))

    assert [one[2] for one in read(tmp_path)] == [3, 2, 1]
    assert drained_in(tmp_path).watermark == (10, 0)


def test_what_a_killed_run_left_is_no_file(tmp_path):
    write(tmp_path, [row(10, 1)], (10, 0)).rename(tmp_path / ".0011-0.parquet.part")

    assert drained_in(tmp_path).files == ()


def test_a_file_appears_only_if_what_is_read_back_is_what_was_written(tmp_path, monkeypatch):
    written = pq.write_table

    def lossy(table, where, **options):
        written(table.slice(1), where, **options)

    monkeypatch.setattr(pq, "write_table", lossy)

    with pytest.raises(VerificationError):
        write(tmp_path, [row(1, 1), row(2, 2)], (2, 0))
    assert drained_in(tmp_path).files == ()


def test_the_largest_ids_fit(tmp_path):
    one = row(2**42, 2**63 - 1, anime=2**31 - 1, number=2**32 - 1)

    write(tmp_path, [one], one[:2])

    assert read(tmp_path) == [one]


def test_forgotten_users_lose_what_they_rated_before(tmp_path):
    write(tmp_path, [row(1, 7), row(2, 8), row(3, 7)], (3, 0))
    write(tmp_path, [row(4, 7), row(4, 7, number=1)], (4, 1))

    erase_forgotten(drained_in(tmp_path), {7: Forgotten(0, (4, 0))})

    assert read(tmp_path) == [row(2, 8), row(4, 7, number=1)]
    assert drained_in(tmp_path).watermark == (4, 1)


def test_files_without_anything_to_erase_are_left_alone(tmp_path):
    path = write(tmp_path, [row(5, 7)], (5, 0))
    before = path.stat().st_ino

    erase_forgotten(drained_in(tmp_path), {7: Forgotten(0, (4, 9)), 9: Forgotten(0, (9, 9))})

    assert path.stat().st_ino == before


def test_titles_that_the_catalogue_lacks_stay_in_the_file_only(tmp_path):
    path = write(tmp_path, [row(1, 7, anime=3), row(2, 7, anime=4), row(3, 8, anime=3)], (3, 0))
    (block,) = drained.plan([path], first=5)

    rows = drained.read(block, np.array([1, 3], np.int32))

    assert (block.number, rows.users.tolist(), rows.anime.tolist()) == (5, [7, 8], [3, 3])
    assert drained.count_rows([path]) == 3
    assert pa.schema(SCHEMA).names[2:] == ["user_id", "anime_id", "rating", "status"]
