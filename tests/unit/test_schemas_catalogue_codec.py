import json
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import catalogue_codec
from schemas.errors import PayloadError
from schemas.records import MAX_ANIME_ID, Anime
from tests.builders import anime, catalogue

texts = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=8)
names = st.lists(texts, max_size=3).map(tuple)
numbers = st.none() | st.integers(0, 3000)
titles = st.builds(
    Anime,
    st.integers(1, MAX_ANIME_ID),
    texts,
    title_english=texts,
    title_japanese=texts,
    synonyms=names,
    type=texts,
    year=numbers,
    episodes=numbers,
    genres=names,
    studios=names,
    source=texts,
    franchise=st.integers(0, 2**31),
    adult=st.booleans(),
    raters=st.integers(0, 10**9),
    mean_rating=st.none() | st.floats(1, 10),
)


def packed(document):
    return catalogue_codec.VERSION + zlib.compress(json.dumps(document).encode())


def lists_of(payload):
    return json.loads(zlib.decompress(payload[1:]))


@settings(max_examples=30)  # a title has many fields to draw
@given(st.lists(titles, max_size=3).map(tuple))
def test_decoding_undoes_encoding(shelf):
    assert catalogue_codec.decode(catalogue_codec.encode(shelf)) == shelf


def test_a_payload_cut_anywhere_is_refused():
    payload = catalogue_codec.encode([anime(1, "Cowboy Bebop", genres=("Action",), year=1998)])

    for length in range(len(payload)):
        with pytest.raises(PayloadError):
            catalogue_codec.decode(payload[:length])


def test_a_version_from_the_future_is_refused():
    with pytest.raises(PayloadError, match="unknown catalogue version"):
        catalogue_codec.decode(b"\x02" + catalogue_codec.encode(catalogue(1))[1:])


@given(st.binary(max_size=80) | st.binary(max_size=80).map(lambda rest: b"\x01" + rest))
def test_garbage_raises_a_payload_error(garbage):
    with pytest.raises(PayloadError):
        catalogue_codec.decode(garbage)


@pytest.mark.parametrize(
    "document", [1, None, "anime_id", [], {}, {"anime_id": 5, "title": 6}, {"anime_id": [1]}]
)
def test_json_that_is_no_catalogue_is_refused(document):
    with pytest.raises(PayloadError):
        catalogue_codec.decode(packed(document))


def test_fields_of_a_newer_writer_are_ignored():
    lists = lists_of(catalogue_codec.encode(catalogue(1, 2))) | {"mood": ["warm", "cold"]}

    assert catalogue_codec.decode(packed(lists)) == catalogue(1, 2)


def test_fields_that_an_older_writer_lacked_have_their_defaults():
    lists = lists_of(catalogue_codec.encode(catalogue(1, 2)))
    del lists["franchise"]

    assert catalogue_codec.decode(packed(lists)) == catalogue(1, 2)


def test_lists_of_different_lengths_are_refused():
    lists = lists_of(catalogue_codec.encode(catalogue(1, 2))) | {"title": ["only one"]}

    with pytest.raises(PayloadError, match="malformed catalogue"):
        catalogue_codec.decode(packed(lists))
