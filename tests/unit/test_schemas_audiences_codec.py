import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import audiences_codec
from schemas.audiences_codec import MAX_GENRES, SHARE_SCALE, Crowd, Fans
from schemas.errors import PayloadError
from schemas.insights import Audience, Leaning

NAMES = [f"Genre {number}" for number in range(300)]
MOST = 4
levels = st.integers(0, SHARE_SCALE).map(lambda level: level / SHARE_SCALE)


@st.composite
def stored(draw):
    """A crowd, and the fans of some titles."""
    genres = draw(st.lists(st.integers(0, 299), unique=True, max_size=MAX_GENRES))
    crowd = Crowd(genres, [draw(levels) for _ in genres])
    places = st.sampled_from(range(len(genres))) if genres else st.just(0)
    fans = st.builds(
        Fans,
        st.integers(0, 2**32 - 1),
        st.dictionaries(places, levels, max_size=MOST if genres else 0),
    )
    return crowd, draw(st.dictionaries(st.integers(0, 65_535), fans, max_size=6))


def packed(fans, crowd=None):
    return audiences_codec.encode(crowd or Crowd([2, 0], [1.0, 0.2]), fans, MOST)


@given(stored())
def test_what_is_encoded_is_found_for_each_title(both):
    crowd, fans = both
    payload = audiences_codec.encode(crowd, fans, MOST)

    for column, one in fans.items():
        found = audiences_codec.find(payload, column, NAMES)
        assert found == Audience(
            one.count,
            tuple(
                Leaning(NAMES[crowd.genres[place]], theirs, crowd.shares[place])
                for place, theirs in one.theirs.items()
            ),
        )


def test_a_title_that_too_few_like_is_not_found():
    payload = packed({3: Fans(50, {}), 9: Fans(60, {})})

    assert audiences_codec.find(payload, 3, NAMES) == Audience(50)
    assert [audiences_codec.find(payload, column, NAMES) for column in (0, 4, 10)] == [None] * 3


def test_the_bytes_are_those_that_the_documentation_draws():
    payload = audiences_codec.encode(Crowd([2, 258], [1.0, 0.0]), {259: Fans(50, {1: 1.0})}, 2)

    assert payload == bytes([
        1, 2, 2, 0, 2, 0, 2, 1, 255, 255, 0, 0, 3, 1, 50, 0, 0, 0, 1, 255, 255, 0
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        (b"", "unknown version"),
        (b"\x02" + packed({})[1:], "unknown version"),
        (packed({3: Fans(50, {})})[:-1], "do not fit their header"),
        (packed({})[:-1], "do not fit their header"),
    ],
)
def test_what_cannot_be_read_is_refused(payload, problem):
    with pytest.raises(PayloadError, match=problem):
        audiences_codec.find(payload, 3, NAMES)


@pytest.mark.parametrize(("place", "names"), [(2, NAMES), (0, NAMES[:2])])
def test_a_genre_that_is_not_there_is_refused(place, names):
    with pytest.raises(PayloadError, match="name a genre"):
        audiences_codec.find(packed({3: Fans(50, {place: 0.5})}), 3, names)


@given(st.binary(max_size=60), st.sampled_from([b"", b"\x01\x02\x02\x00", b"\x01\x00\x01\x00"]))
def test_garbage_raises_a_payload_error_or_is_read(garbage, header):
    try:
        audiences_codec.find(header + garbage, 3, NAMES[:2])
    except PayloadError:
        return
