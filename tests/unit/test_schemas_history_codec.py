import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import history_codec
from schemas.errors import PayloadError
from schemas.records import Column, Interaction, Status

interactions = st.builds(
    Interaction,
    st.integers(0, 2**16 - 1).map(Column),
    st.integers(0, 10),
    st.sampled_from(list(Status)),
)
histories = st.lists(interactions, max_size=60, unique_by=lambda row: row.column)
SEEN = (Interaction(Column(2), 9, Status.COMPLETED), Interaction(Column(300), 0, Status.PLANNED))


@given(histories)
def test_decoding_undoes_encoding_in_column_order(history):
    decoded = history_codec.decode(history_codec.encode(history))

    assert decoded == tuple(sorted(history, key=lambda row: row.column))


@given(histories)
def test_a_title_takes_three_bytes(history):
    payload = history_codec.encode(history)

    assert (len(payload), history_codec.length(payload)) == (2 + 3 * len(history), len(history))


def test_the_bytes_are_those_that_the_documentation_draws():
    assert history_codec.encode(SEEN) == bytes([1, 0, 2, 0, 44, 1, 0x29, 0x60])


@pytest.mark.parametrize("length", [0, 1, 3, 4, 6, 7])
def test_a_payload_without_whole_titles_is_refused(length):
    with pytest.raises(PayloadError):
        history_codec.decode(history_codec.encode(SEEN)[:length])


def test_a_cut_between_titles_never_gives_more_than_was_there():
    decoded = history_codec.decode(history_codec.encode(SEEN)[:5])

    assert len(decoded) == 1


@pytest.mark.parametrize("header", [b"\x02\x00", b"\x01\x01"])
def test_a_version_from_the_future_is_refused(header):
    with pytest.raises(PayloadError, match="unknown history version"):
        history_codec.decode(header + history_codec.encode(SEEN)[2:])


def test_a_status_that_nobody_knows_is_refused():
    with pytest.raises(PayloadError, match="malformed history"):
        history_codec.decode(bytes([1, 0, 2, 0, 0x50]))


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda rest: b"\x01\x00" + rest))
def test_garbage_raises_a_payload_error_or_decodes(garbage):
    try:
        history_codec.decode(garbage)
    except PayloadError:
        return
