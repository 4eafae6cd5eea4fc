import gzip
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from batch.ingest import catalogue, titles
from batch.ingest.catalogue import by_id
from batch.ingest.layouts import recognise
from batch.ingest.rejects import Reason, Reject
from batch.ingest.sources import Format, describe, format_of
from schemas.errors import DataRefusedError

HEADER_2020 = ("MAL_ID,Name,Score,Genres,English name,Japanese name,Type,Episodes,Aired,Premiered,"
               "Studios,Source,Rating\n")  # fmt: skip
BEBOP = ('1,Cowboy Bebop,8.78,"Action, Sci-Fi",Cowboy Bebop,カウボーイビバップ,TV,26,'
         '"Apr 3, 1998 to Apr 24, 1999",Spring 1998,Sunrise,Original,R - 17+\n')  # fmt: skip
BARE = (
    "5,Somewhere,Unknown,Unknown,Unknown,Unknown,Unknown,Unknown,Unknown,Unknown,Unknown,Unknown,"
)


def folder(path, catalogue_text, **others):
    (path / "anime.csv").write_text(catalogue_text)
    (path / "rating.csv").write_text("user_id,anime_id,rating\n")
    for name, text in others.items():
        (path / f"{name}.csv").write_text(text)
    return path


def read(*args, **others):
    found = catalogue.read(recognise(folder(*args, **others)))
    return found.titles, found.rejects


def test_a_kaggle_2020_row_becomes_a_title(tmp_path):
    [found], rejects = read(tmp_path, HEADER_2020 + BEBOP)

    assert rejects == []
    assert found == titles.Title(
        anime_id=1, title="Cowboy Bebop", title_english="Cowboy Bebop",
        title_japanese="カウボーイビバップ", synonyms=(), type="TV", year=1998, episodes=26,
        genres=("Action", "Sci-Fi"), studios=("Sunrise",), source="Original", adult=False,
        themes=(), demographics=(), tags=(), synopsis="",
    )  # fmt: skip


def test_the_word_unknown_means_missing(tmp_path):
    [found], _ = read(tmp_path, f"{HEADER_2020}{BARE}Unknown\n")

    assert (found.title_english, found.type, found.year, found.episodes) == ("", "", None, None)
    assert (found.genres, found.studios, found.source, found.adult) == ((), (), "", False)


def test_a_kaggle_2016_row_becomes_a_title_without_what_it_knows_of_the_future(tmp_path):
    text = ("anime_id,name,genre,type,episodes,rating,members\n"
            '28977,Gintama&deg;,"Action, Hentai",TV,51,9.25,114262\n')  # fmt: skip

    [found], _ = read(tmp_path, text)

    assert (found.anime_id, found.title, found.type, found.episodes) == (
        28977,
        "Gintama°",
        "TV",
        51,
    )
    assert (found.genres, found.adult) == (("Action", "Hentai"), True)


@pytest.mark.parametrize("heading", ["Synonyms", "Other name", "Other names", "title_synonyms"])
def test_other_names_are_kept_whatever_their_column_is_called(tmp_path, heading):
    text = f'MAL_ID,Name,Genres,{heading}\n1,Shingeki no Kyojin,Action,"AoT, SnK &amp; co, AoT"\n'

    [found], _ = read(tmp_path, text)

    assert found.synonyms == ("AoT", "SnK & co")


def test_a_rating_for_adults_marks_a_title_too(tmp_path):
    [found], _ = read(tmp_path, f"{HEADER_2020}{BARE}Rx - Hentai\n")

    assert found.adult


def test_the_optional_files_add_tags_and_synopsis(tmp_path):
    [found], _ = read(
        tmp_path, HEADER_2020 + BEBOP,
        tags='MAL_ID,Themes,Demographics,Tags\n1,Unknown,Shounen,"Space, Crime"\n9,a,b,c\n',
        more='MAL_ID,Name,Score,Genres,sypnopsis\n1,x,1,y,"In 2071,\nin space"\n',
    )  # fmt: skip

    assert (found.themes, found.demographics, found.tags) == ((), ("Shounen",), ("Space", "Crime"))
    assert found.synopsis == "In 2071,\nin space"


def test_a_note_that_there_is_no_synopsis_is_none(tmp_path):
    note = "No synopsis information has been added to this title."
    [found], _ = read(tmp_path, HEADER_2020 + BEBOP, more=f"MAL_ID,synopsis\n1,{note}\n")

    assert found.synopsis == ""


def test_titles_ascend_by_id(tmp_path):
    found, _ = read(tmp_path, "MAL_ID,Name,Genres\n30,c,\n1,a,\n20,b,\n")

    assert [title.anime_id for title in found] == [1, 20, 30]


def test_unusable_rows_are_rejected_with_file_line_and_reason(tmp_path):
    body = (
        b'\n1,"two\nlines",Action\n,b,\nx,b,\n0,b,\n2147483648,b,\n2,b\n3,b,c,d\n4,\xff,\n5, ,\n'
        b"1,again,\n"
    )
    folder(tmp_path, "")
    (tmp_path / "anime.csv").write_bytes(b"MAL_ID,Name,Genres\n" + body)

    known = catalogue.read(recognise(tmp_path))
    found, rejects = known.titles, known.rejects

    assert [title.title for title in found] == ["again"]
    assert {reject.file for reject in rejects} == {"anime.csv"}
    assert [(reject.line, reject.reason) for reject in rejects] == [
        (3, Reason.DUPLICATE_ID),
        (5, Reason.BAD_ID),
        (6, Reason.BAD_ID),
        (7, Reason.ID_OUT_OF_RANGE),
        (8, Reason.ID_OUT_OF_RANGE),
        (9, Reason.TOO_FEW_FIELDS),
        (10, Reason.TOO_MANY_FIELDS),
        (11, Reason.BROKEN_UTF8),
        (12, Reason.EMPTY_TITLE),
    ]
    assert rejects[7].text == "4,\\xff,"


def test_a_field_without_end_is_rejected_and_reading_goes_on(tmp_path):
    huge = "x" * 3_000_000

    found, rejects = read(tmp_path, f"MAL_ID,Name,Genres\n1,{huge},\n2,b,\n")

    assert [title.anime_id for title in found] == [2]
    assert rejects == [
        Reject("anime.csv", 2, Reason.FIELD_TOO_LONG, "field larger than field limit (131072)")
    ]


def test_more_titles_than_a_column_number_can_name_are_refused(tmp_path):
    rows = "".join(f"{n},t,\n" for n in range(1, 2**16 + 1))

    with pytest.raises(DataRefusedError, match=r"anime\.csv has more than 65535 titles"):
        read(tmp_path, f"MAL_ID,Name,Genres\n{rows}")


def test_rejected_rows_are_counted_by_table_and_told_apart_from_interactions(tmp_path):
    folder(tmp_path, "MAL_ID,Name,Genres\n1,a,\n0,b,\n2,c,\n1,d,\n")
    (tmp_path / "tags.csv").write_text("MAL_ID,Themes,Demographics,Tags\nx,,,\n0,,,\n")

    found = catalogue.read(recognise(tmp_path))

    assert [(table.file, table.read, table.rejected) for table in found.tables] == [
        ("anime.csv", 4, {"duplicate id": 1, "id out of range": 1}),
        ("tags.csv", 2, {"bad id": 1, "id out of range": 1}),
    ]
    assert list(found.rejected.items()) == [
        ("catalogue: id out of range", 2),
        ("catalogue: bad id", 1),
        ("catalogue: duplicate id", 1),
    ]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.parquet"])
def test_a_table_reads_the_same_from_every_format(tmp_path, name):
    path = tmp_path / name
    if name.endswith("parquet"):
        table = pa.table({"MAL_ID": [1.0, 7.0], "Name": ["a", None], "Genres": [["x", "y"], []]})
        pq.write_table(table, path)
    else:
        text = b'MAL_ID,Name,Genres\n1,a,"x, y"\n7,,\n'
        path.write_bytes(gzip.compress(text) if name.endswith("gz") else text)

    found = by_id(describe(path, format_of(path) or Format.CSV), "MAL_ID", "Name")

    assert found.values(1) == {"MAL_ID": "1", "Name": "a", "Genres": "x, y"}
    assert [reject.reason for reject in found.rejects] == [Reason.EMPTY_TITLE]


def test_the_written_table_has_the_promised_columns(tmp_path):
    found, _ = read(tmp_path, f"{HEADER_2020}{BEBOP}{BARE}Unknown\n")
    catalogue.write(tmp_path / "c.parquet", found)

    written = pq.read_table(tmp_path / "c.parquet")

    assert written.schema == catalogue.SCHEMA
    assert written["year"].to_pylist() == [1998, None]
    assert written["genres"].to_pylist() == [["Action", "Sci-Fi"], []]
    assert catalogue.read_ids(tmp_path / "c.parquet").tolist() == [1, 5]
    assert catalogue.read_ids(tmp_path / "c.parquet").dtype == np.int32


def test_the_digest_sees_every_title(tmp_path):
    [title], _ = read(tmp_path, HEADER_2020 + BEBOP)

    assert catalogue.digest([title]) != catalogue.digest([replace(title, year=1999)])
    assert catalogue.digest([title]) == catalogue.digest([replace(title)])


@pytest.mark.parametrize(("text", "year"), [
    ("Apr 3, 1998 to Apr 24, 1999", 1998), ("2004 to ?", 2004), ("Sep 1, 2001", 2001),
    ("Spring 1998", 1998), ("Not available", None), ("Unknown", None), ("", None), (None, None),
    ("? to 1999", None), ("12345", None),
])  # fmt: skip
def test_the_year_is_that_of_the_beginning(text, year):
    assert titles.year_of(text) == year


@pytest.mark.parametrize(("text", "episodes"), [
    ("26", 26), ("26.0", 26), ("0", None), ("Unknown", None), ("-1", None), ("9" * 30, None),
    ("²", None), (None, None),
])  # fmt: skip
def test_episodes_are_a_positive_number_or_unknown(text, episodes):
    assert titles.episodes_of(text) == episodes


@pytest.mark.parametrize(("text", "name"), [
    ("Fate&#039;s &amp; co", "Fate's & co"), ("AT&T R&notit", "AT&T R&notit"), ("&#x41;", "A"),
])  # fmt: skip
def test_only_whole_entities_are_undone(text, name):
    assert titles.unescape(text) == name


def test_a_name_listed_twice_is_kept_once():
    assert titles.names("Action, Drama,Action, ,Unknown") == ("Action", "Drama")
