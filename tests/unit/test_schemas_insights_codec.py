import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import insights_codec
from schemas.errors import PayloadError
from schemas.insights import Gem, Group, Insights, Leaning, Rise, Rising, Trait, Traits
from tests.builders import insights

shares = st.floats(0, 1)
counts = st.integers(0, 2**40)
ids = st.integers(1, 2**31 - 1)


def many(strategy):
    return st.lists(strategy, max_size=3).map(tuple)


traits = many(st.builds(Trait, st.text(), counts, shares, counts, st.floats(1, 10), shares))
groups = st.builds(Group, shares, many(st.builds(Leaning, st.text(), shares, shares)), many(ids))
everything = st.builds(
    Insights,
    counts, counts, counts, counts, counts,
    st.builds(Traits, traits, traits, traits, traits),
    st.builds(Rising, counts, counts, many(st.builds(Rise, ids, counts, st.floats(0, 9)))),
    many(st.builds(Gem, ids, counts, st.floats(1, 10), shares)),
    many(groups),
)  # fmt: skip


@given(everything)
def test_decoding_undoes_encoding(found):
    assert insights_codec.decode(insights_codec.encode(found)) == found


def test_fields_that_a_newer_writer_added_are_ignored():
    made = insights(groups=(Group(0.5),))
    document = json.loads(insights_codec.encode(made))
    document["groups"][0]["colour"] = document["colour"] = "red"

    assert insights_codec.decode(json.dumps(document).encode()) == made


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"version": 2}, "unknown version of insights 2"),
        ({"gems": None}, "malformed insights"),
        ({"gems": [{"raters": 1}]}, "malformed Gem"),
        ({"traits": []}, "malformed insights"),
    ],
)
def test_what_is_not_what_was_written_is_refused(change, problem):
    document = json.loads(insights_codec.encode(insights())) | change

    with pytest.raises(PayloadError, match=problem):
        insights_codec.decode(json.dumps(document).encode())


@given(st.binary(max_size=40))
def test_garbage_raises_a_payload_error(garbage):
    with pytest.raises(PayloadError):
        insights_codec.decode(garbage)
