import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import lines
from schemas import ranking_codec
from schemas.errors import PayloadError
from schemas.ranking_codec import NO_COLUMN, SHARE_SCALE
from schemas.records import Entry, Reason
from tests.builders import ranking

reasons = st.lists(
    st.builds(Reason, st.integers(0, 60_000), st.integers(0, 255).map(lambda n: n / 255)),
    min_size=1,
    max_size=2,
).map(tuple)


@st.composite
def rankings(draw):
    scores = sorted(draw(st.lists(st.floats(-10, 10), max_size=255)), reverse=True)
    explained = draw(st.integers(0, min(len(scores), ranking_codec.MAX_REASONS)))
    because = [draw(reasons) if i < explained else () for i in range(len(scores))]
    return tuple(Entry(i, scores[i], reasons=because[i]) for i in range(len(scores)))


def as_entries(found):
    because = [
        tuple(Reason(c, s / SHARE_SCALE) for c, s in ((a, x), (b, y)) if c != NO_COLUMN)
        for a, x, b, y in found.reasons
    ]
    because += [()] * (len(found.columns) - len(because))
    rows = zip(found.columns, found.scores, because, strict=True)
    return tuple(Entry(column, score, reasons=why) for column, score, why in rows)


@given(rankings(), st.integers(1, 100))
def test_lines_say_what_the_codec_says(stored, limit):
    payload = ranking_codec.encode(stored)

    assert as_entries(lines.read(payload, limit)) == ranking_codec.decode(payload, limit)


@pytest.mark.parametrize("payload", [b"", b"\x09", b"\x03" * 40])
def test_bytes_that_are_no_ranking_are_refused(payload):
    with pytest.raises(PayloadError):
        lines.read(payload, 10)


@pytest.mark.parametrize("floor", [float("nan"), float("inf")])
def test_scores_that_json_cannot_hold_are_refused(floor):
    payload = bytearray(ranking_codec.encode(ranking(1)))
    payload[6:10] = struct.pack("<f", floor)

    with pytest.raises(PayloadError, match="not finite"):
        lines.read(bytes(payload), 10)


def test_scores_that_ascend_are_refused():
    payload = bytearray(ranking_codec.encode(ranking(1)))
    payload[10:14] = struct.pack("<f", -0.5)

    with pytest.raises(PayloadError, match="ascend"):
        lines.read(bytes(payload), 10)


def test_an_order_that_names_an_entry_beyond_the_last_is_refused():
    payload = ranking_codec.encode(ranking(1, 2, 3), shown=[0, 3])
    found = ranking_codec.layout(payload)

    with pytest.raises(PayloadError, match="shows entry 3 of 3"):
        ranking_codec.entries_at(payload, found, ranking_codec.shown(payload, found))
