"""Lists of other sites: what is read of them, and what is refused."""

import gzip
import json

import pytest

from api.bodies import MAX_TITLES
from api.dashboard import importing
from api.dashboard.importing import ListRefusedError, read_list

MAL = """<?xml version="1.0" encoding="UTF-8" ?>
<myanimelist><myinfo><user_export_type>1</user_export_type></myinfo>
<anime><series_animedb_id>5</series_animedb_id><series_title><![CDATA[<b>A & B</b>]]></series_title>
<my_score>9</my_score><my_status>Completed</my_status></anime>
<anime><series_animedb_id>6</series_animedb_id><my_score>0</my_score><my_status>Dropped</my_status>
</anime>
<anime><series_animedb_id>7</series_animedb_id><my_score>0</my_score>
<my_status>Plan to Watch</my_status></anime>
<anime><series_animedb_id>?</series_animedb_id></anime>
</myanimelist>"""
TITLES = (
    {"anime_id": 5, "rating": 9, "status": "completed"},
    {"anime_id": 6, "status": "dropped"},
    {"anime_id": 7, "status": "planned"},
)


def anilist(*entries, **user):
    lists = [{"name": "All", "entries": list(entries)}]
    return json.dumps({"data": {"MediaListCollection": {"lists": lists, "user": user}}}).encode()


def entry(number, status, score=0.0):
    return {"status": status, "score": score, "media": {"idMal": number, "type": "ANIME"}}


@pytest.mark.parametrize("pack", [str.encode, lambda text: gzip.compress(text.encode())])
def test_my_anime_list_is_read_plain_and_gzipped(pack):
    found = read_list(pack(MAL))

    assert (found.titles, found.kind, found.passed_over) == (TITLES, "MyAnimeList", 1)


def test_ratings_are_rounded_and_those_out_of_range_are_told():
    found = read_list(b"anime_id,rating\n1,9.5\n2,11\n3,0.5\n4,0\n5,-1\n6,\n7,ten\n8,8.49")

    rated = {one["anime_id"]: one.get("rating") for one in found.titles}
    assert rated == {1: 10, 2: None, 3: None, 4: None, 5: None, 6: None, 7: None, 8: 8}
    assert (found.passed_over, found.odd) == (0, 3)


def test_anilist_is_read_with_statuses():
    found = read_list(anilist(entry(5, "COMPLETED", 9), entry(6, "DROPPED"), entry(7, "PLANNING")))

    assert (found.titles, found.kind) == (TITLES, "AniList")


@pytest.mark.parametrize(
    ("scores", "user", "ratings"),
    [
        ((85, 7), {}, (8, 1)),
        ((8.5, 7), {}, (8, 7)),
        ((5, 3), {"mediaListOptions": {"scoreFormat": "POINT_5"}}, (10, 6)),
        ((9, 3), {"mediaListOptions": {"scoreFormat": "POINT_100"}}, (1, 1)),
    ],
)
def test_scores_of_anilist_are_brought_to_ten(scores, user, ratings):
    entries = [entry(number, "COMPLETED", score) for number, score in enumerate(scores, 1)]

    assert tuple(one["rating"] for one in read_list(anilist(*entries, **user)).titles) == ratings


def test_anilist_numbers_are_not_taken_for_others():
    with pytest.raises(ListRefusedError, match="idMal"):
        read_list(json.dumps({"lists": [{"series_id": 5, "series_type": 0, "status": 2}]}).encode())


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_csv_is_read_by_its_header(mark):
    lines = ["Title|MAL_ID|Score|Status", "A|5|9|completed", "B|6|0|dropped", "C|7||planned"]
    text = "\ufeff" + "\r\n".join(lines).replace("|", mark)

    assert read_list(text.encode()).titles == TITLES


def test_of_a_title_that_is_there_twice_the_later_counts():
    assert read_list(b"anime_id,rating\n5,1\n5,9").titles == ({"anime_id": 5, "rating": 9},)


def test_a_bomb_of_entities_is_refused_before_it_grows():
    inner = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE m [<!ENTITY e0 "ha">{inner}]><myanimelist>&e11;</myanimelist>'

    with pytest.raises(ListRefusedError, match="entities"):
        read_list(bomb.encode())


def test_a_file_of_the_machine_is_not_read():
    outside = '<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]><myanimelist>&x;</myanimelist>'

    with pytest.raises(ListRefusedError, match="entities"):
        read_list(outside.encode())


def test_a_bomb_of_gzip_is_refused_before_it_is_unpacked():
    with pytest.raises(ListRefusedError, match="more than 8 MB"):
        read_list(gzip.compress(b" " * (importing.MAX_UNPACKED + 1)))


def test_deep_xml_is_refused_at_once():
    with pytest.raises(ListRefusedError, match="nested"):
        read_list(b"<a>" * 100_000)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"<myanimelist><anime>", "XML is damaged"),
        (b"<html></html>", "No anime"),
        (b"{", "JSON is damaged"),
        (b"[" * 100_000, "JSON is damaged"),
        (b"[1, null, []]", "No anime"),
        (b'{"data": 1, "lists": {"a": 2}}', "No anime"),
        (b"name,score\nA,9", "needs a column"),
        (b"anime_id,rating\nx,9", "No anime"),
        (b"\x89PNG\xff\xfe", "neither text nor gzip"),
        (b"\x1f\x8bdamaged", "damaged"),
        (gzip.compress(b"anime_id\n5", mtime=0)[:-9], "damaged"),
        (b"anime_id\n" + b"\n".join(b"%d" % n for n in range(1, MAX_TITLES + 3)), "more than"),
    ],
)
def test_what_is_no_list_is_refused_with_a_reason(data, message):
    with pytest.raises(ListRefusedError, match=message):
        read_list(data)
