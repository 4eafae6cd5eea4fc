import csv
import gzip
import logging
import random

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from batch.engine import Engine
from batch.ingest import spool
from batch.ingest.run import ingest
from schemas import documents
from schemas.errors import DataRefusedError, SettingsError
from schemas.manifests import DatasetManifest

ANIME_2020 = ("MAL_ID,Name,Score,Genres,Type\n"
              '1,Cowboy Bebop,8.78,"Action, Sci-Fi",TV\n5,Tengoku,8.39,Action,Movie\n'
              "20,Naruto,7.91,Action,TV\n")  # fmt: skip
ANIME_2016 = ("anime_id,name,genre,type,episodes,rating,members\n"
              '1,Cowboy Bebop,"Action, Sci-Fi",TV,26,8.8,9\n5,Tengoku,Action,Movie,1,8.4,9\n'
              "20,Naruto,Action,TV,220,7.8,9\n")  # fmt: skip
RATINGS = "user_id,anime_id,rating\n"
ANIMELIST = "user_id,anime_id,rating,watching_status,watched_episodes\n"
RATED_ROWS = [f"{user},{anime},{user % 10 + 1}" for user in range(40) for anime in (1, 5, 20)]
LISTED_ROWS = [f"{row},{1 + index % 4},3" for index, row in enumerate(RATED_ROWS)]


def folder(path, catalogue, header, rows, end="\n"):
    path.mkdir()
    (path / "anime.csv").write_text(catalogue)
    (path / "list.csv").write_text(header + "".join(f"{row}{end}" for row in rows))
    return path


def run(data, out, **options):
    return ingest(data, out, **{"reject_share": 0.0, **options})


def rows(out, manifest):
    tables = [pq.read_table(out / name).to_pylist() for name in manifest.shards]
    return [tuple(row.values()) for table in tables for row in table]


def rejects(path):
    with path.open(newline="") as text:
        return [tuple(row) for row in csv.reader(text)]


def as_gzip(data):
    for path in list(data.glob("*.csv")):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()


def as_parquet(data):
    for path in list(data.glob("*.csv")):
        pq.write_table(pa_csv.read_csv(path), path.with_suffix(".parquet"), row_group_size=50)
        path.unlink()


LAYOUTS = {
    "animelist": (ANIME_2020, ANIMELIST, LISTED_ROWS),
    "rating_complete": (ANIME_2020, RATINGS, RATED_ROWS),
    "kaggle 2016": (ANIME_2016, RATINGS, [*RATED_ROWS, "77,1,-1"]),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_same_rows_have_the_same_hash_in_every_format(tmp_path, layout):
    hashes = set()
    for name, convert in (("csv", lambda _: None), ("gz", as_gzip), ("parquet", as_parquet)):
        data = folder(tmp_path / name, *LAYOUTS[layout])
        convert(data)
        hashes.add(run(data, tmp_path / f"{name}.out").hash)

    assert len(hashes) == 1


def test_a_data_set_is_shards_of_whole_users_a_catalogue_and_a_manifest(tmp_path):
    data = folder(tmp_path / "data", ANIME_2020, ANIMELIST, LISTED_ROWS)
    out = tmp_path / "deep" / "out"

    manifest = run(data, out, rows_per_shard=30)

    assert sorted(path.name for path in out.iterdir()) == sorted(
        ["catalogue.parquet", "manifest.json", "rejects.csv", *manifest.shards]
    )
    assert documents.load(DatasetManifest, (out / "manifest.json").read_text()) == manifest
    assert (manifest.users, manifest.anime, manifest.rows) == (40, 3, 120)
    assert (manifest.layout, manifest.sources) == ("kaggle-2020", ["anime.csv", "list.csv"])
    assert len(manifest.shards) > 1
    shards = [pq.read_table(out / name) for name in manifest.shards]
    assert all(shard.schema == spool.SCHEMA for shard in shards)
    users = [set(shard["user_id"].to_pylist()) for shard in shards]
    assert sum(map(len, users)) == len(set().union(*users))
    assert all(shard.sort_by([("user_id", "ascending"), ("anime_id", "ascending")]) == shard
               for shard in shards)  # fmt: skip


def test_neither_shards_nor_blocks_change_rows_or_hash(tmp_path):
    data = folder(tmp_path / "data", ANIME_2020, ANIMELIST, LISTED_ROWS)

    one = run(data, tmp_path / "one")
    many = run(data, tmp_path / "many", rows_per_shard=20, block_bytes=100)

    assert (len(one.shards), len(many.shards) > 1) == (1, True)
    assert sorted(rows(tmp_path / "many", many)) == rows(tmp_path / "one", one)
    assert many.hash == one.hash


def test_permuting_distinct_rows_changes_nothing(tmp_path):
    shuffled = random.Random(3).sample(LISTED_ROWS, len(LISTED_ROWS))
    first = run(folder(tmp_path / "a", ANIME_2020, ANIMELIST, LISTED_ROWS), tmp_path / "a.out",
                rows_per_shard=30)  # fmt: skip
    second = run(folder(tmp_path / "b", ANIME_2020, ANIMELIST, shuffled), tmp_path / "b.out",
                 rows_per_shard=30, block_bytes=100)  # fmt: skip

    assert first == second
    for name in (*first.shards, "catalogue.parquet", "manifest.json", "rejects.csv"):
        assert (tmp_path / "a.out" / name).read_bytes() == (tmp_path / "b.out" / name).read_bytes()


@pytest.mark.parametrize(("old", "new"), [("8.78", "8.79"), ("Naruto", "Boruto")])
def test_the_hash_sees_the_part_of_the_catalogue_that_is_kept(tmp_path, old, new):
    first = folder(tmp_path / "a", ANIME_2020, RATINGS, RATED_ROWS)
    second = folder(tmp_path / "b", ANIME_2020.replace(old, new), RATINGS, RATED_ROWS)

    same = run(first, tmp_path / "a.out").hash == run(second, tmp_path / "b.out").hash

    assert same is (old == "8.78")


def test_the_hash_sees_one_changed_rating(tmp_path):
    changed = [*RATED_ROWS[:-1], "39,20,9"]
    first = run(folder(tmp_path / "a", ANIME_2020, RATINGS, RATED_ROWS), tmp_path / "a.out")
    second = run(folder(tmp_path / "b", ANIME_2020, RATINGS, changed), tmp_path / "b.out")

    assert first.rows == second.rows
    assert first.hash != second.hash


@pytest.mark.parametrize("convert", [lambda _: None, as_gzip, as_parquet])
def test_the_later_of_two_rows_counts_also_across_blocks(tmp_path, convert, caplog):
    repeated = ["7,1,1,1,1", *LISTED_ROWS[60:], "7,5,2,4,1", "7,1,9,2,1"]
    data = folder(tmp_path / "data", ANIME_2020, ANIMELIST, repeated)
    convert(data)

    with caplog.at_level(logging.INFO, "batch.ingest"):
        manifest = run(data, tmp_path / "out", block_bytes=64)

    found = [row for row in rows(tmp_path / "out", manifest) if row[0] == 7]
    assert found == [(7, 1, 9, 2), (7, 5, 2, 4)]
    assert manifest.rejected == {}
    assert "63 rows read, 62 kept, 1 replaced by later rows, 0 rejected" in caplog.text


BAD_ROWS = [
    ("x,1,8,2,1", "bad number"),
    ("-1,1,8,2,1", "user id out of range"),
    ("1,2,8,2,1", "unknown anime"),
    ("1,1,11,2,1", "rating out of range"),
    ("1,1,8,5,1", "unknown status"),
    ("1,1,8,2", "too few fields"),
    ("1,1,8,2,1,1", "too many fields"),
    ("1,1,8,2,\\xff", "broken UTF-8"),
    ("1,1," + "8" * 5000, "too few fields"),
]


@pytest.mark.parametrize("packed", [False, True])
def test_every_rejected_row_keeps_file_line_reason_and_text(tmp_path, packed):
    data = folder(tmp_path / "data", ANIME_2020 + "5,,,,\n", ANIMELIST, ())
    lines, expected = [], [("anime.csv", "5", "empty title", "5,,,,")]
    for position, (text, reason) in enumerate(BAD_ROWS):
        expected.append(("list.csv", str(len(lines) + 8), reason, text[:200]))
        lines += [*LISTED_ROWS[position * 6 : position * 6 + 6], text, ""]
    body = "\r\n".join(lines).encode().replace(b"\\xff", b"\xff")
    (data / "list.csv").write_bytes(b"\xef\xbb\xbf" + ANIMELIST.encode() + body)
    if packed:
        as_gzip(data)
        expected = [(f"{row[0]}.gz", *row[1:]) for row in expected]

    manifest = run(data, tmp_path / "out", reject_share=0.25, block_bytes=250)

    header, *found = rejects(tmp_path / "out" / "rejects.csv")
    assert header == ("file", "line", "reason", "text")
    assert found == expected
    assert manifest.rejected == {
        "too few fields": 2, "bad number": 1, "broken UTF-8": 1, "rating out of range": 1,
        "too many fields": 1, "unknown anime": 1, "unknown status": 1, "user id out of range": 1,
        "catalogue: empty title": 1,
    }  # fmt: skip
    assert manifest.rows == 54


def test_a_rejected_parquet_row_keeps_its_row_number(tmp_path):
    listed = [*RATED_ROWS[:70], "8,1,99", *RATED_ROWS[70:], "9,2,8"]
    data = folder(tmp_path / "data", ANIME_2020, RATINGS, listed)
    as_parquet(data)

    run(data, tmp_path / "out", reject_share=0.5)

    assert rejects(tmp_path / "out" / "rejects.csv")[1:] == [
        ("list.parquet", "71", "rating out of range", "8,1,99"),
        ("list.parquet", "122", "unknown anime", "9,2,8"),
    ]


def test_too_many_rejects_refuse_the_run_and_are_kept(tmp_path):
    data = folder(tmp_path / "data", ANIME_2020, RATINGS, ["1,1,8", "2,1,99", "3,2,8", "x,1,8"])

    with pytest.raises(DataRefusedError) as refused:
        run(data, tmp_path / "out", reject_share=0.5)

    kept = tmp_path / "out.rejects.csv"
    assert str(refused.value) == (
        "3 of 4 interaction rows (75.00%) cannot be used, more than the 50.00% allowed: "
        f"bad number 1, rating out of range 1, unknown anime 1; {kept} lists them"
    )
    assert [row[1] for row in rejects(kept)] == ["line", "3", "4", "5"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "out.rejects.csv"]


def test_too_many_rejects_in_the_catalogue_refuse_the_run_before_the_list_is_read(tmp_path):
    data = folder(tmp_path / "data", ANIME_2020 + "5,,,,\nx,a,b,c,d\n5,a\n", RATINGS, ["bad"])

    with pytest.raises(DataRefusedError) as refused:
        run(data, tmp_path / "out", reject_share=0.4)

    kept = tmp_path / "out.rejects.csv"
    assert str(refused.value) == (
        "3 of 6 rows of anime.csv (50.00%) cannot be used, more than the 40.00% allowed: "
        f"bad id 1, empty title 1, too few fields 1; {kept} lists them"
    )
    assert [row[:2] for row in rejects(kept)[1:]] == [
        ("anime.csv", "5"), ("anime.csv", "6"), ("anime.csv", "7")
    ]  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "out.rejects.csv"]


def test_rejects_in_a_file_beside_the_catalogue_have_a_share_of_their_own(tmp_path):
    data = folder(tmp_path / "data", ANIME_2020, RATINGS, RATED_ROWS)
    (data / "tags.csv").write_text("MAL_ID,Themes,Demographics,Tags\n1,a,b,c\nx,a,b,c\n")

    with pytest.raises(DataRefusedError, match=r"1 of 2 rows of tags\.csv \(50\.00%\)"):
        run(data, tmp_path / "out", reject_share=0.4)
    manifest = run(data, tmp_path / "half", reject_share=0.5)

    assert manifest.rejected == {"catalogue: bad id": 1}


@pytest.mark.parametrize(("row", "message"), [
    ("", r"there is no usable title in anime\.csv$"),
    ("0,x,1,y,z\n", r"there is no usable title in anime\.csv: id out of range 1; "),
])  # fmt: skip
def test_a_catalogue_without_a_usable_title_is_refused(tmp_path, row, message):
    header = ANIME_2020.splitlines()[0]
    data = folder(tmp_path / "data", f"{header}\n{row}", RATINGS, RATED_ROWS)

    with pytest.raises(DataRefusedError, match=message):
        run(data, tmp_path / "out", reject_share=1.0)


def test_a_share_of_rejects_at_the_limit_is_accepted(tmp_path):
    data = folder(tmp_path / "data", ANIME_2020, RATINGS, ["1,1,8", "2,1,99"])

    assert run(data, tmp_path / "out", reject_share=0.5).rejected == {"rating out of range": 1}


@pytest.mark.parametrize(("listed", "message"), [
    ([], "there is no usable interaction row"),
    (["1,2,8"], "there is no usable interaction row: unknown anime 1; "),
])  # fmt: skip
def test_a_list_without_a_usable_row_is_refused(tmp_path, listed, message):
    data = folder(tmp_path / "data", ANIME_2020, RATINGS, listed)

    with pytest.raises(DataRefusedError, match=message):
        run(data, tmp_path / "out", reject_share=1.0)

    assert not (tmp_path / "out").exists()


def damaged_gzip(data):
    as_gzip(data)
    path = data / "list.csv.gz"
    path.write_bytes(path.read_bytes()[:-9])


def damaged_parquet(data):
    as_parquet(data)
    path = data / "list.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + b"\xff" * 60 + whole[64:])


def text_in_parquet(data):
    as_parquet(data)
    table = pq.read_table(data / "list.parquet")
    texts = table.set_column(2, "rating", table["rating"].cast(pa.string()))
    pq.write_table(texts, data / "list.parquet")


@pytest.mark.parametrize(("damage", "message"), [
    (damaged_gzip, r"list\.csv\.gz is damaged or cut short"),
    (damaged_parquet, r"list\.parquet is damaged or cut short"),
    (text_in_parquet, r"list\.parquet: column rating must hold numbers, not string"),
])  # fmt: skip
def test_a_damaged_list_is_refused_and_leaves_nothing(tmp_path, damage, message):
    data = folder(tmp_path / "data", ANIME_2020, RATINGS, RATED_ROWS)
    damage(data)

    with pytest.raises(DataRefusedError, match=message):
        run(data, tmp_path / "out")

    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_failure_half_way_leaves_nothing(tmp_path):
    data = folder(tmp_path / "data", ANIME_2020, RATINGS, RATED_ROWS)

    class Interrupted(Engine):
        def run(self, build):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(data, tmp_path / "out", engine=Interrupted())

    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_folder_that_is_in_use_is_not_written_to(tmp_path):
    data = folder(tmp_path / "data", ANIME_2020, RATINGS, RATED_ROWS)
    manifest = run(data, tmp_path / "out")

    with pytest.raises(SettingsError, match=r"out must be a new or empty folder, .* a data set"):
        run(data, tmp_path / "out")
    with pytest.raises(SettingsError, match="holds something else"):
        run(data, data)

    assert rows(tmp_path / "out", manifest)[0] == (0, 1, 1, 2)


def test_an_empty_folder_may_become_the_data_set(tmp_path):
    (tmp_path / "out").mkdir()
    run(folder(tmp_path / "data", ANIME_2020, RATINGS, RATED_ROWS), tmp_path / "out")

    assert (tmp_path / "out" / "manifest.json").exists()


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_reject_share_that_is_no_share_is_refused(tmp_path, share):
    with pytest.raises(ValueError, match="reject_share must be from 0 to 1"):
        run(tmp_path, tmp_path / "out", reject_share=share)
