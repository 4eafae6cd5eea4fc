import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import influence_codec
from schemas.errors import PayloadError

halves = st.floats(width=16, allow_nan=False, allow_infinity=False)
rows = st.lists(st.tuples(st.integers(0, 2**16 - 1), halves), max_size=250)


@given(rows)
def test_coefficients_that_fit_in_two_bytes_come_back_exactly(row):
    columns, coefficients = tuple(zip(*row, strict=True)) or ((), ())

    assert influence_codec.decode(influence_codec.encode(columns, coefficients)) == (
        columns,
        coefficients,
    )


@given(st.lists(st.floats(-4, 4), max_size=50))
def test_other_coefficients_come_back_with_three_digits(coefficients):
    payload = influence_codec.encode(range(len(coefficients)), coefficients)

    assert influence_codec.decode(payload)[1] == pytest.approx(coefficients, rel=1e-3, abs=1e-7)


def test_the_bytes_are_those_that_the_documentation_draws():
    payload = influence_codec.encode([258, 3], [1.0, -2.0])

    assert payload == bytes([1, 0, 2, 1, 3, 0, 0x00, 0x3C, 0x00, 0xC0])
    assert influence_codec.length(payload) == 2


@pytest.mark.parametrize("length", [0, 1, 3, 4, 5, 7, 8, 9])
def test_a_payload_without_whole_coefficients_is_refused(length):
    payload = influence_codec.encode([258, 3], [1.0, -2.0])

    with pytest.raises(PayloadError):
        influence_codec.decode(payload[:length])


@pytest.mark.parametrize("header", [b"\x02\x00", b"\x01\x01"])
def test_a_version_from_the_future_is_refused(header):
    with pytest.raises(PayloadError, match="unknown influence version"):
        influence_codec.decode(header + influence_codec.encode([1], [0.5])[2:])


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda rest: b"\x01\x00" + rest))
def test_garbage_raises_a_payload_error_or_decodes(garbage):
    try:
        influence_codec.decode(garbage)
    except PayloadError:
        return
