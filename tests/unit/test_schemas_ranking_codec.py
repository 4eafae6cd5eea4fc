from dataclasses import replace
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import ranking_codec
from schemas.errors import PayloadError
from schemas.ranking_codec import MAX_ENTRIES, NO_COLUMN, SHARE_SCALE, TOP_LEVEL
from schemas.records import Column, Entry, Reason, Rule

columns = st.integers(0, NO_COLUMN - 1).map(Column)
shares = st.integers(0, SHARE_SCALE).map(lambda level: level / SHARE_SCALE)
reasons = st.lists(st.builds(Reason, columns, shares), min_size=1, max_size=2).map(tuple)
rules = st.sampled_from([Rule(value) for value in range(4)])
scores = st.floats(-1000, 1000, width=32)


@st.composite
def rankings(draw):
    size = draw(st.integers(0, 24))
    descending = sorted(draw(st.lists(scores, min_size=size, max_size=size)), reverse=True)
    explained = draw(st.integers(0, min(size, ranking_codec.MAX_REASONS)))
    return tuple(
        Entry(draw(columns), score, draw(rules), draw(reasons) if place < explained else ())
        for place, score in enumerate(descending)
    )


def full_list(entries=200, explained=100):
    because = (Reason(Column(1), 0.5), Reason(Column(2), 0.25))
    return tuple(
        Entry(Column(place), float(-place), Rule.NONE, because if place < explained else ())
        for place in range(entries)
    )


def without_scores(ranking):
    return [replace(entry, score=0.0) for entry in ranking]


@given(rankings())
def test_columns_rules_and_reasons_come_back_exactly(ranking):
    decoded = ranking_codec.decode(ranking_codec.encode(ranking))

    assert without_scores(decoded) == without_scores(ranking)


@given(rankings())
def test_scores_come_back_within_half_a_level_and_in_order(ranking):
    decoded = [entry.score for entry in ranking_codec.decode(ranking_codec.encode(ranking))]

    level = (ranking[0].score - ranking[-1].score) / TOP_LEVEL if ranking else 0.0
    for found, entry in zip(decoded, ranking, strict=True):
        assert found == pytest.approx(entry.score, abs=level / 2 * 1.001 + 1e-6, rel=2e-7)
    assert decoded == sorted(decoded, reverse=True)


@given(rankings(), st.integers(0, MAX_ENTRIES + 5))
def test_the_first_entries_decode_as_they_do_in_the_whole(ranking, limit):
    payload = ranking_codec.encode(ranking)

    assert ranking_codec.decode(payload, limit) == ranking_codec.decode(payload)[:limit]


def test_the_best_and_the_last_score_are_exact():
    payload = ranking_codec.encode((Entry(Column(1), 2.5), Entry(Column(2), 0.5)))

    assert [entry.score for entry in ranking_codec.decode(payload)] == pytest.approx([2.5, 0.5])


def test_large_drops_overflow_each_into_its_own_place():
    levels = [TOP_LEVEL, TOP_LEVEL - 255, TOP_LEVEL - 555, TOP_LEVEL - 809, 0]
    ranking = tuple(Entry(Column(level), float(level)) for level in levels)

    decoded = ranking_codec.decode(ranking_codec.encode(ranking))

    assert [entry.score for entry in decoded] == pytest.approx(levels)
    assert ranking_codec.encode(ranking)[3] == 3


def test_a_ranking_of_equal_scores_keeps_them():
    payload = ranking_codec.encode(tuple(Entry(Column(one), 0.75) for one in range(3)))

    assert [entry.score for entry in ranking_codec.decode(payload)] == [0.75] * 3


def test_the_bytes_are_those_that_the_documentation_draws():
    ranking = (
        Entry(Column(258), 1.0, Rule.FRANCHISE_DROPPED, (Reason(Column(3), 0.2),)),
        Entry(Column(7), 0.0, Rule.PREREQUISITE_MISSING),
    )

    assert ranking_codec.encode(ranking, shown=[1]) == (
        bytes([2, 2, 1, 1, 1, 1])
        + pack("<ff", 0.0, 1 / TOP_LEVEL)
        + pack("<HH", 258, 7)
        + bytes([0, 255])
        + pack("<H", TOP_LEVEL - 255)
        + bytes([0b01_10])
        + pack("<H", 3)
        + bytes([0, 255])
        + bytes([51, 0])
        + bytes([1])
    )


def test_a_list_that_version_1_wrote_is_read():
    before = (
        bytes([1, 2, 1, 0])
        + pack("<ff", 0.5, 0.25)
        + pack("<HH", 258, 7)
        + bytes([5, 2])
        + bytes([0b01_10])
        + pack("<HH", 3, NO_COLUMN)
        + bytes([51, 0])
    )

    first, second = ranking_codec.decode(before)

    assert first.reasons == (Reason(Column(3), 0.2),)
    assert (first.column, first.rules) == (258, Rule.FRANCHISE_DROPPED)
    assert (second.column, second.rules) == (7, Rule.PREREQUISITE_MISSING)
    assert [first.score, second.score] == [
        0.5 + 0.25 * (TOP_LEVEL - 5),
        0.5 + 0.25 * (TOP_LEVEL - 7),
    ]
    assert ranking_codec.shown(before, ranking_codec.layout(before)) is None


@pytest.mark.parametrize("shown", [None, [], [2, 0], list(range(9))])
def test_the_order_that_people_see_is_kept_beside_the_ranking(shown):
    payload = ranking_codec.encode(full_list(9, 4), shown)

    found = ranking_codec.shown(payload, ranking_codec.layout(payload))

    assert (found if found is None else list(found)) == shown
    assert ranking_codec.decode(payload) == ranking_codec.decode(
        ranking_codec.encode(full_list(9, 4))
    )


@given(rankings())
def test_levels_and_rules_can_be_read_on_their_own(ranking):
    payload = ranking_codec.encode(ranking)
    found = ranking_codec.layout(payload)

    levels = ranking_codec.levels(payload, found, found.entries)

    decoded = ranking_codec.decode(payload)
    assert [found.floor + found.step * level for level in levels] == [e.score for e in decoded]
    assert list(ranking_codec.rules(payload, found)) == [entry.rules for entry in ranking]


def many_reasons(different):
    """Two hundred entries, a hundred with two reasons each, out of so many titles."""
    return tuple(
        Entry(
            Column(place),
            float(-place),
            reasons=tuple(
                Reason(Column(1000 + (2 * place + second) % different), 0.25) for second in (0, 1)
            )
            if place < 100
            else (),
        )
        for place in range(200)
    )


@pytest.mark.parametrize(
    ("different", "positions", "size"),
    [(2, 100, 1200), (60, 92, 1276), (90, 32, 1276), (110, 100, 1532), (200, 68, 1532)],
)
def test_as_many_positions_are_stored_as_fit_in_a_class_of_redis(different, positions, size):
    payload = ranking_codec.encode(many_reasons(different), range(100))

    found = ranking_codec.shown(payload, ranking_codec.layout(payload))

    assert list(found) == list(range(positions))
    assert len(payload) <= size


def test_more_titles_than_a_byte_counts_cannot_be_reasons():
    reasons = [(Reason(Column(2 * n), 0.5), Reason(Column(2 * n + 1), 0.5)) for n in range(128)]
    ranking = tuple(Entry(Column(n), float(-n), reasons=reasons[n]) for n in range(128))

    *_, last = ranking_codec.decode(ranking_codec.encode(ranking[:127]))
    assert [reason.column for reason in last.reasons] == [252, 253]
    with pytest.raises(ValueError, match="at most 255 titles"):
        ranking_codec.encode(ranking)


@pytest.mark.parametrize("ranking", [full_list(9, 4), full_list(2, 2), full_list(0, 0)])
def test_a_payload_cut_anywhere_is_refused(ranking):
    payload = ranking_codec.encode(ranking)

    for length in range(len(payload)):
        with pytest.raises(PayloadError):
            ranking_codec.decode(payload[:length])


def test_a_payload_with_more_bytes_than_announced_is_refused():
    with pytest.raises(PayloadError, match="its header says"):
        ranking_codec.decode(ranking_codec.encode(full_list(3, 1)) + b"\0")


def test_more_reasons_than_entries_are_refused():
    with pytest.raises(PayloadError):
        ranking_codec.decode(pack("<BBBBBBff", 2, 0, 1, 0, 0, 0, 0.0, 0.0) + bytes(6))


def test_a_version_from_the_future_is_refused():
    payload = b"\x03" + ranking_codec.encode(full_list(3, 1))[1:]

    with pytest.raises(PayloadError, match="unknown ranking version 3"):
        ranking_codec.decode(payload)


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda rest: b"\x02" + rest))
def test_garbage_raises_a_payload_error_or_decodes(garbage):
    try:
        ranking_codec.decode(garbage)
    except PayloadError:
        return


@given(rankings(), st.data())
def test_a_damaged_payload_raises_a_payload_error_or_decodes(ranking, data):
    payload = bytearray(ranking_codec.encode(ranking))
    payload[data.draw(st.integers(0, len(payload) - 1))] ^= data.draw(st.integers(1, 255))

    try:
        ranking_codec.decode(bytes(payload))
    except PayloadError:
        return


def test_more_entries_than_fit_are_refused():
    with pytest.raises(ValueError, match="at most 255 entries, got 256"):
        ranking_codec.encode(full_list(256, 0))


def test_ascending_scores_are_refused():
    with pytest.raises(ValueError, match="scores must descend"):
        ranking_codec.encode((Entry(Column(1), 0.1), Entry(Column(2), 0.2)))


def test_reasons_behind_an_entry_without_are_refused():
    first, second = full_list(2, 2)

    with pytest.raises(ValueError, match="entries with reasons must come before"):
        ranking_codec.encode((replace(first, reasons=()), second))
