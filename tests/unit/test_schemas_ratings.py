import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import forgetting, overlay_codec
from schemas.errors import PayloadError
from schemas.forgetting import Forgotten
from schemas.ratings import RECORD, Rating, entry_id, fields, mark, read_fields, read_recent
from schemas.records import MAX_ANIME_ID, MAX_USER_ID, Status

everything = st.builds(
    Rating,
    st.integers(0, MAX_USER_ID),
    st.integers(1, MAX_ANIME_ID),
    st.integers(0, 10),
    st.sampled_from(Status),
)


def stored(rating):
    return {name.encode(): str(value).encode() for name, value in fields(rating).items()}


@given(everything)
def test_a_rating_is_read_as_it_was_written(rating):
    assert read_fields(stored(rating)) == rating


def test_fields_of_a_later_version_are_ignored():
    assert read_fields(stored(Rating(1, 2, 3)) | {b"mood": b"5"}) == Rating(1, 2, 3)


@pytest.mark.parametrize(
    "wrong", [{b"user": b"x"}, {b"rating": b"11"}, {b"status": b"5"}, {b"anime": b"0"}]
)
def test_an_impossible_entry_is_refused(wrong):
    with pytest.raises(PayloadError):
        read_fields(stored(Rating(1, 2, 3)) | wrong)


def test_an_entry_without_a_user_is_refused():
    with pytest.raises(PayloadError, match="malformed rating"):
        read_fields({b"anime": b"1"})


def test_recent_records_are_read_in_order():
    payload = RECORD.pack(5, mark(9, Status.COMPLETED), 1700000000000, 3) + RECORD.pack(
        6, mark(0, Status.DROPPED), 1700000000001, 0
    )

    first, second = read_recent(payload)

    assert (first.anime_id, first.rating, first.status) == (5, 9, Status.COMPLETED)
    assert first.entry == (1700000000000, 3)
    assert (second.anime_id, second.status) == (6, Status.DROPPED)


@pytest.mark.parametrize("payload", [b"x" * 16, RECORD.pack(1, 0x50, 0, 0)])
def test_recent_records_that_make_no_sense_are_refused(payload):
    with pytest.raises(PayloadError):
        read_recent(payload)


def test_entries_are_ordered_in_time_by_their_ids():
    assert entry_id(b"9-1") < entry_id("10-0") < entry_id("10-2")
    with pytest.raises(PayloadError):
        entry_id("10")


@given(st.integers(0, 2**64 - 1), st.binary())
def test_an_overlay_is_read_as_it_was_written(revision, ranking):
    assert overlay_codec.decode(overlay_codec.encode(revision, ranking)) == (revision, ranking)


@pytest.mark.parametrize("payload", [b"", b"\x02\x00" + bytes(8), b"\x01\x00"])
def test_an_overlay_of_another_version_is_refused(payload):
    with pytest.raises(PayloadError):
        overlay_codec.decode(payload)


def test_a_marker_covers_generations_begun_before_it():
    marker = forgetting.read("1795485600000 12-3")  # 2026-11-24T02:00:00Z

    assert marker == Forgotten(1795485600000, (12, 3))
    assert marker.covers("20261124T020000Z")
    assert marker.covers("20261123T020000Z")
    assert not marker.covers("20261124T020001Z")


@pytest.mark.parametrize("text", ["", "now 1-1", "12", "12 x"])
def test_a_marker_that_is_none_is_refused(text):
    with pytest.raises(PayloadError):
        forgetting.read(text)
