import gzip
from itertools import chain

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch.ingest.blocks import Block, estimate_rows, pieces, plan
from batch.ingest.numbers import RowShape
from batch.ingest.sources import Format, describe
from schemas.errors import DataRefusedError

# A busy machine must not fail a property for being slow.
on_any_machine = settings(deadline=None)

HEADER = b"user_id,anime_id,rating\n"
SHAPE = RowShape(("user_id", "anime_id", "rating"), None)


def source(folder, body, packed=False):
    path = folder / ("r.csv.gz" if packed else "r.csv")
    path.write_bytes(gzip.compress(HEADER + body) if packed else HEADER + body)
    return describe(path, Format.GZIP if packed else Format.CSV)


def read(found, block_bytes):
    return [list(pieces(block, block_bytes)) for block in plan(found, block_bytes)]


def read_all(found, block_bytes):
    return list(chain.from_iterable(read(found, block_bytes)))


lines = st.lists(st.binary(max_size=12).map(lambda b: b.replace(b"\n", b"")), max_size=30)


@on_any_machine
@given(lines=lines, end=st.sampled_from([b"", b"\n"]), packed=st.booleans())
def test_pieces_are_whole_lines_and_together_the_file(tmp_path_factory, lines, end, packed):
    body = b"\n".join(lines) + end
    read_pieces = read_all(source(tmp_path_factory.mktemp("d"), body, packed), 16)

    assert b"".join(read_pieces) == body
    assert all(piece.endswith(b"\n") for piece in read_pieces[:-1])
    assert all(len(piece) <= 16 for piece in read_pieces)


def test_a_plain_file_is_cut_into_blocks_at_line_ends(tmp_path):
    found = read(source(tmp_path, b"1,1,1\n2,2,2\n3,3,3\n"), 13)

    assert found == [[b"1,1,1\n2,2,2\n"], [b"3,3,3\n"]]


def test_a_gzipped_file_is_one_block_in_pieces(tmp_path):
    found = read(source(tmp_path, b"1,1,1\n2,2,2\n3,3,3\n", packed=True), 13)

    assert found == [[b"1,1,1\n2,2,2\n", b"3,3,3\n"]]


@pytest.mark.parametrize("packed", [False, True])
def test_a_line_longer_than_a_block_is_cut_and_marked(tmp_path, packed):
    body = b"1,1,1\n" + b"x" * 1000 + b"\n2,2,2\n"
    found = read_all(source(tmp_path, body, packed), 16)

    assert found[0] == b"1,1,1\n"
    assert found[1].rstrip(b"\0\n") == b"x" * len(found[1].rstrip(b"\0\n"))
    assert found[1].endswith(b"\0\n")
    assert b"".join(found[2:]) == b"2,2,2\n"
    assert max(map(len, found)) <= 18


def test_a_header_alone_gives_no_block(tmp_path):
    assert read(source(tmp_path, b""), 16) == []


def test_a_gzip_that_was_cut_is_refused_by_name(tmp_path):
    found = source(tmp_path, b"1,1,1\n" * 100_000, packed=True)
    found.path.write_bytes(found.path.read_bytes()[:-20])

    with pytest.raises(DataRefusedError, match=r"r\.csv\.gz is damaged or cut short"):
        read(found, 1000)


def test_parquet_row_groups_are_the_blocks_and_count_exactly(tmp_path):
    path = tmp_path / "r.parquet"
    table = pa.table({"user_id": range(10), "anime_id": range(10), "rating": range(10)})
    pq.write_table(table, path, row_group_size=3)
    found = describe(path, Format.PARQUET)

    assert estimate_rows(found, SHAPE) == 10
    assert plan(found) == [Block(0, path, Format.PARQUET, 0, 4)]


def test_rows_of_a_csv_are_estimated_from_its_size(tmp_path):
    found = source(tmp_path, b"12345,12345,8\n" * 1000)

    assert 500 < estimate_rows(found, SHAPE) < 2000
