from pathlib import Path

from batch.ingest import reports
from batch.ingest.rejects import Part, printable
from batch.ingest.reports import PieceReport, ShardReport, Tally

PIECES = [
    PieceReport(block=1, piece=0, lines=4, rows=3, rejected={"bad number": 1}, rejects="c"),
    PieceReport(block=0, piece=1, lines=20, rows=20),
    PieceReport(block=0, piece=0, lines=9, rows=5, rejected={"unknown anime": 2}, rejects="a"),
]
SHARDS = [
    ShardReport("interactions-00001.parquet", users=2, rows=10, read=12, digest=(2**64 - 1, 5)),
    ShardReport("interactions-00000.parquet", users=1, rows=16, read=16, digest=(2, 7)),
]


def written(folder):
    reports.write(folder / "pieces.json", PIECES)
    reports.write(folder / "shards.json", SHARDS)
    return reports.read(folder / "pieces.json", folder / "shards.json")


def test_reports_read_back_in_file_order_whatever_order_they_came_in(tmp_path):
    found = written(tmp_path)

    assert list(found.pieces) == PIECES[::-1]
    assert [shard.rows for shard in found.shards] == [16, 10]


def test_counts_add_up():
    tally = Tally(PIECES, SHARDS)

    assert (tally.read, tally.rows, tally.replaced, tally.users) == (31, 26, 2, 3)
    assert list(tally.rejected.items()) == [("unknown anime", 2), ("bad number", 1)]


def test_rejects_are_placed_behind_all_lines_before_them(tmp_path):
    parts = written(tmp_path).parts(Path("spools"), "r.csv", lines_before=1)

    assert parts == [
        Part(Path("spools/a"), "r.csv", 1),
        Part(Path("spools/c"), "r.csv", 30),
    ]


def test_text_shown_to_people_has_no_control_characters():
    assert printable("a\x1b[2J\nb\u202e") == "a\\x1b[2J\\nb\\u202e"
    assert printable(b"\xff" * 300) == "\\xff" * 50
    assert printable("カウボーイ\r\n") == "カウボーイ"
