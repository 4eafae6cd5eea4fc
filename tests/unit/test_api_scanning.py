import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import ranking_codec
from schemas.errors import PayloadError
from schemas.ranking_codec import TOP_LEVEL
from schemas.records import Entry, Rule
from tests import compiled
from tests.builders import ranking

TITLES = 300


@pytest.fixture(params=["interpreted", "compiled"], scope="module")
def stored(request):
    """Each test is made of both forms."""
    if request.param == "interpreted":
        return compiled.as_python("api.scanning").stored
    return compiled.require("api.scanning").stored


def packed(allowed):
    return np.packbits(np.array(allowed, bool), bitorder="little").tobytes()


@st.composite
def lists(draw):
    columns = draw(st.lists(st.integers(0, TITLES - 1), unique=True, max_size=255))
    scores = sorted(draw(st.lists(st.floats(-10, 10), min_size=255, max_size=255)), reverse=True)
    flags = draw(st.lists(st.sampled_from([0, 0, 1, 2, 3]), min_size=255, max_size=255))
    return tuple(Entry(column, scores[at], Rule(flags[at])) for at, column in enumerate(columns))


@given(lists(), st.booleans(), st.none() | st.integers(0, 2**32 - 1))
def test_what_is_left_is_what_the_codec_says(stored, entries, flagged, seed):
    payload = ranking_codec.encode(entries)
    found = ranking_codec.layout(payload)
    allowed = None if seed is None else np.random.default_rng(seed).random(TITLES) < 0.5
    bits = None if allowed is None else packed(allowed)

    some = stored(payload, found, TITLES, bits, flagged=flagged)

    levels = ranking_codec.levels(payload, found, found.entries)
    kept = [
        at
        for at, entry in enumerate(entries)
        if (flagged or not entry.rules) and (allowed is None or allowed[entry.column])
    ]
    last = levels[-1] if levels else TOP_LEVEL
    assert some.last == last
    assert some.positions == kept
    assert some.columns == [entries[at].column for at in kept]
    assert some.worth == [levels[at] - last for at in kept]


@pytest.mark.parametrize("bits", [None, packed([True] * 3), packed([True] * 16)])
def test_a_title_beyond_the_last_is_refused(stored, bits):
    payload = ranking_codec.encode(ranking(0, 1, 3))

    with pytest.raises(PayloadError, match="names title 3 of 3"):
        stored(payload, ranking_codec.layout(payload), 3, bits, flagged=True)


def test_a_filter_that_is_too_short_reads_nothing_beyond_it(stored):
    payload = ranking_codec.encode(ranking(0, 8))

    with pytest.raises(IndexError):
        stored(payload, ranking_codec.layout(payload), 20, packed([True] * 8), flagged=True)
