import gzip
import logging

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from batch.ingest.layouts import recognise
from batch.ingest.sources import Format
from schemas.errors import DataRefusedError

ANIME_2020 = "MAL_ID,Name,Score,Genres,Type\n"
ANIME_2016 = "anime_id,name,genre,type,episodes,rating,members\n"
RATINGS = "user_id,anime_id,rating\n"
ANIMELIST = "user_id,anime_id,rating,watching_status,watched_episodes\n"


def folder(path, **files):
    for name, text in files.items():
        (path / name.replace("_csv", ".csv")).write_text(text)
    return path


def test_kaggle_2020_with_rating_complete(tmp_path):
    found = recognise(folder(tmp_path, anime_csv=ANIME_2020, rating_complete_csv=RATINGS))

    assert (found.name, found.unscored) == ("kaggle-2020", None)
    assert found.sources == ["anime.csv", "rating_complete.csv"]


def test_kaggle_2020_with_animelist_reads_zero_as_unscored(tmp_path):
    found = recognise(folder(tmp_path, anime_csv=ANIME_2020, animelist_csv=ANIMELIST))

    assert (found.name, found.unscored) == ("kaggle-2020", 0)


def test_kaggle_2016_reads_minus_one_as_unscored(tmp_path):
    found = recognise(folder(tmp_path, anime_csv=ANIME_2016, rating_csv=RATINGS))

    assert (found.name, found.unscored) == ("kaggle-2016", -1)


def test_names_of_files_do_not_matter_but_their_headers_do(tmp_path):
    found = recognise(folder(tmp_path, a_csv=RATINGS, b_csv=ANIME_2020))

    assert found.catalogue.path.name == "b.csv"
    assert found.interactions.path.name == "a.csv"


def test_the_optional_files_are_found(tmp_path):
    folder(tmp_path, anime_csv=ANIME_2020, animelist_csv=ANIMELIST)
    folder(tmp_path, s_csv="MAL_ID,Name,Score,Genres,sypnopsis\n")
    folder(tmp_path, t_csv="MAL_ID,Themes,Demographics,Tags\n")

    found = recognise(tmp_path)

    assert found.sources == ["anime.csv", "animelist.csv", "s.csv", "t.csv"]


def test_other_files_and_folders_are_left_alone(tmp_path):
    folder(tmp_path, anime_csv=ANIME_2020, rating_csv=RATINGS, watching_status_csv="status,text\n")
    (tmp_path / "notes.txt").write_text(RATINGS)
    (tmp_path / "old.csv").mkdir()

    assert recognise(tmp_path).sources == ["anime.csv", "rating.csv"]


def test_where_animelist_and_rating_complete_both_lie_animelist_is_read(tmp_path, caplog):
    folder(tmp_path, anime_csv=ANIME_2020, rating_complete_csv=RATINGS, animelist_csv=ANIMELIST)

    with caplog.at_level(logging.INFO):
        found = recognise(tmp_path)

    assert found.interactions.path.name == "animelist.csv"
    assert "reading animelist.csv, not rating_complete.csv" in caplog.text


def test_a_byte_order_mark_and_windows_line_ends_are_tolerated(tmp_path):
    folder(tmp_path, anime_csv=ANIME_2020)
    (tmp_path / "r.csv").write_bytes(b"\xef\xbb\xbf user_id, anime_id,rating\r\n1,1,1\r\n")

    found = recognise(tmp_path).interactions

    assert found.columns == ("user_id", "anime_id", "rating")
    assert found.start == len(b"\xef\xbb\xbf user_id, anime_id,rating\r\n")


def test_gzip_and_parquet_are_recognised_too(tmp_path):
    (tmp_path / "a.CSV.GZ").write_bytes(gzip.compress(ANIME_2020.encode()))
    pq.write_table(
        pa.table({"user_id": [1], "anime_id": [1], "rating": [1]}), tmp_path / "r.parquet"
    )

    found = recognise(tmp_path)

    assert found.catalogue.format is Format.GZIP
    assert found.interactions.format is Format.PARQUET


def refusal(data):
    with pytest.raises(DataRefusedError) as refused:
        recognise(data)
    return str(refused.value)


def test_a_folder_that_does_not_exist_is_refused(tmp_path):
    assert refusal(tmp_path / "nowhere") == f"there is no folder {tmp_path}/nowhere"


def test_an_empty_folder_is_refused(tmp_path):
    assert "holds no .csv, .csv.gz or .parquet file" in refusal(tmp_path)


def test_a_missing_catalogue_names_what_was_looked_for_and_found(tmp_path):
    message = refusal(folder(tmp_path, rating_csv=RATINGS))

    assert "has no catalogue file" in message
    assert "MAL_ID, Name, Genres (anime.csv of Kaggle 2020)" in message
    assert "anime_id, name, genre (anime.csv of Kaggle 2016)" in message
    assert "rating.csv with user_id, anime_id, rating" in message


def test_a_missing_catalogue_column_is_named(tmp_path):
    message = refusal(folder(tmp_path, anime_csv="MAL_ID,Name,Type\n", rating_csv=RATINGS))

    assert "anime.csv with MAL_ID, Name, Type (lacks Genres)" in message


def test_a_missing_interaction_column_is_named(tmp_path):
    message = refusal(folder(tmp_path, anime_csv=ANIME_2020, r_csv="user_id,anime_id,stars\n"))

    assert "has no interactions file" in message
    assert "r.csv with user_id, anime_id, stars (lacks rating)" in message


def test_an_animelist_without_status_does_not_pass_for_ratings(tmp_path):
    broken = "user_id,anime_id,rating,watched_episodes\n"
    message = refusal(folder(tmp_path, anime_csv=ANIME_2020, animelist_csv=broken))

    assert message == (
        "animelist.csv needs exactly one column watching_status, found 0: "
        "animelist.csv with user_id, anime_id, rating, watched_episodes"
    )


def test_a_column_that_comes_twice_is_refused(tmp_path):
    message = refusal(
        folder(tmp_path, anime_csv=ANIME_2020, r_csv="user_id,anime_id,rating,rating")
    )

    assert "needs exactly one column rating, found 2" in message


@pytest.mark.parametrize("header", [ANIME_2020, RATINGS, ANIMELIST])
def test_two_files_of_one_role_are_refused_by_name(tmp_path, header):
    folder(tmp_path, anime_csv=ANIME_2020, first_csv=RATINGS, second_csv=ANIMELIST)
    folder(tmp_path, third_csv=header)

    assert "third.csv both look like" in refusal(tmp_path)


def test_catalogues_of_both_layouts_are_refused(tmp_path):
    message = refusal(folder(tmp_path, a_csv=ANIME_2020, b_csv=ANIME_2016, r_csv=RATINGS))

    assert message.startswith("a.csv and b.csv both could be the catalogue")


@pytest.mark.parametrize("name", ["rating.csv.gz", "Anime_Tags.PARQUET"])
def test_a_damaged_file_with_a_name_of_the_layouts_is_refused(tmp_path, name):
    folder(tmp_path, anime_csv=ANIME_2020, list_csv=RATINGS)
    (tmp_path / name).write_bytes(b"this is neither")

    assert refusal(tmp_path).startswith(f"{name} is damaged or cut short")


@pytest.mark.parametrize("name", ["photo.csv.gz", "notes.parquet", "my_rating.parquet"])
def test_a_damaged_file_with_another_name_is_left_alone_with_a_warning(tmp_path, name, caplog):
    folder(tmp_path, anime_csv=ANIME_2020, list_csv=RATINGS)
    (tmp_path / name).write_bytes(b"this is neither")

    assert recognise(tmp_path).sources == ["anime.csv", "list.csv"]
    assert [(one.levelname, name in one.message) for one in caplog.records] == [("WARNING", True)]


def test_a_folder_of_nothing_but_damaged_files_is_refused(tmp_path):
    (tmp_path / "photo.csv.gz").write_bytes(b"this is neither")

    assert "holds no readable .csv, .csv.gz or .parquet file" in refusal(tmp_path)
