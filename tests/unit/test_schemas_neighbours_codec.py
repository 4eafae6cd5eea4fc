import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import neighbours_codec
from schemas.errors import PayloadError
from schemas.neighbours_codec import MAX_NEIGHBOURS, SIMILARITY_SCALE
from schemas.records import MAX_USER_ID, Neighbour, UserId

users = st.integers(0, MAX_USER_ID) | st.integers(0, 2**32)
levels = st.integers(0, SIMILARITY_SCALE).map(lambda level: level / SIMILARITY_SCALE)
lists = st.lists(st.builds(Neighbour, users, levels), max_size=MAX_NEIGHBOURS).map(tuple)


def near(*pairs):
    return tuple(Neighbour(UserId(user), similarity) for user, similarity in pairs)


@given(lists)
def test_what_is_encoded_comes_back(neighbours):
    assert neighbours_codec.decode(neighbours_codec.encode(neighbours)) == neighbours


@given(st.floats(0, 1))
def test_a_similarity_comes_back_with_four_digits(similarity):
    [one] = neighbours_codec.decode(neighbours_codec.encode(near((7, similarity))))

    assert one.similarity == pytest.approx(similarity, abs=1e-5)


@given(lists, st.integers(0, MAX_NEIGHBOURS))
def test_a_list_can_be_read_in_part(neighbours, limit):
    payload = neighbours_codec.encode(neighbours)

    assert neighbours_codec.decode(payload, limit) == neighbours[:limit]


def test_the_bytes_are_those_that_the_documentation_draws():
    narrow = neighbours_codec.encode(near((258, 1.0), (3, 0.0)))
    wide = neighbours_codec.encode(near((2**63 - 1, 1 / SIMILARITY_SCALE)))

    assert narrow == bytes([1, 4, 255, 255, 0, 0, 2, 1, 0, 0, 3, 0, 0, 0])
    assert wide == bytes([1, 8, 1, 0, 255, 255, 255, 255, 255, 255, 255, 127])


@pytest.mark.parametrize(("largest", "size"), [(2**32 - 1, 2 + 2 * 6), (2**32, 2 + 2 * 10)])
def test_ids_take_eight_bytes_only_where_one_of_them_has_to(largest, size):
    assert len(neighbours_codec.encode(near((1, 0.5), (largest, 0.4)))) == size


def test_fifty_neighbours_fit_where_redis_keeps_them_without_waste():
    fifty = near(*((user, 0.5) for user in range(50)))

    assert len(neighbours_codec.encode(fifty)) == 302


@pytest.mark.parametrize("length", [*range(2), 3, 7, 9, 13])
def test_a_payload_that_was_cut_is_refused(length):
    payload = neighbours_codec.encode(near((258, 1.0), (3, 0.0)))

    with pytest.raises(PayloadError):
        neighbours_codec.decode(payload[:length])


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (b"\x02\x04", "unknown neighbours version"),
        (b"\x01\x05", "unknown width"),
        (b"\x01\x00", "unknown width"),
    ],
)
def test_a_layout_from_the_future_is_refused(header, problem):
    with pytest.raises(PayloadError, match=problem):
        neighbours_codec.decode(header + neighbours_codec.encode(near((1, 0.5)))[2:])


def test_an_id_that_nobody_can_have_is_refused():
    payload = neighbours_codec.pack(b"\x01\x00", b"\xff" * 8, 8)

    with pytest.raises(PayloadError, match="there is none above"):
        neighbours_codec.decode(payload)


garbage_behind = st.sampled_from([b"", b"\x01\x04", b"\x01\x08"])


@given(garbage_behind, st.binary(max_size=60))
def test_garbage_raises_a_payload_error_or_decodes(header, garbage):
    try:
        neighbours_codec.decode(header + garbage)
    except PayloadError:
        return
