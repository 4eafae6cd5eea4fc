import pickle
from array import array
from struct import pack

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import ranking_codec
from schemas.errors import PayloadError
from schemas.order import Known, Order, Wanted
from schemas.product_order import arrange, facts_of
from schemas.ranking_codec import NO_COLUMN, NO_REASONS, TOP_LEVEL
from schemas.records import Column, Entry, Reason, Rule
from tests import compiled
from tests.builders import anime, ranking

SAGA, OTHER = 1, 4
GENRES = tuple(f"Genre {n}" for n in range(70))
"""More than a machine word has bits."""
AS_RANKED = Wanted(10, ruled=False, adult=True, niche=0.0)
RULED = Wanted(10, ruled=True, adult=False, niche=0.0)
EXAMPLE = facts_of(
    [
        anime(1, franchise=SAGA, series=SAGA, year=2001, raters=900),
        anime(2, franchise=SAGA, series=SAGA, year=2003, raters=800),
        anime(3, adult=True, raters=500),
        anime(4, franchise=OTHER, series=OTHER, raters=3),
        anime(5, raters=7),
    ]
)
START, SEQUEL, ADULT, RARE, ALONE = range(5)


@pytest.fixture(params=["plain", "compiled"], scope="module")
def form(request):
    """Each test is made of both forms."""
    return Order if request.param == "plain" else compiled.require("schemas._order").Order


@pytest.fixture(scope="module")
def order(form):
    return form(EXAMPLE)


def packed(allowed):
    return np.packbits(np.array(allowed, bool), bitorder="little").tobytes()


def columns(order, entries, wanted, allowed=None):
    payload = ranking_codec.encode(entries)
    bits = None if allowed is None else packed([one in allowed for one in range(5)])
    found = ranking_codec.layout(payload)
    return order.read(payload, found, order.stored(payload, found, wanted, bits))[0]


@pytest.mark.parametrize(
    ("changed", "shown"),
    [
        ({}, [SEQUEL, ADULT, START, RARE]),
        ({"most": 2}, [SEQUEL, ADULT]),
        ({"adult": False}, [SEQUEL, START, RARE]),
        ({"adult": False, "most": 2}, [SEQUEL, START]),
        ({"niche": 1.0}, [ADULT, SEQUEL, START, RARE]),
        ({"ruled": True}, [START, ADULT, RARE]),
        ({"ruled": True, "adult": False}, [START, RARE]),
        ({"ruled": True, "most": 1}, [START]),
    ],
)
def test_a_stored_list_is_shown_as_it_is_wanted(order, changed, shown):
    stored = tuple(
        Entry(Column(one), score)
        for one, score in ((SEQUEL, 9.0), (ADULT, 8.9), (START, 8.5), (RARE, 1.0))
    )

    assert columns(order, stored, AS_RANKED._replace(**changed)) == shown


def test_what_a_rule_speaks_against_is_left_out_where_rules_apply(order):
    flags = (Rule.PREREQUISITE_MISSING, Rule.FRANCHISE_DROPPED, 0, Rule(3), 0)
    stored = tuple(Entry(Column(at), 9.0 - at, Rule(flag)) for at, flag in enumerate(flags))

    assert columns(order, stored, RULED._replace(adult=True)) == [ADULT, ALONE]
    assert columns(order, stored, AS_RANKED) == [0, 1, 2, 3, 4]


def test_what_a_filter_leaves_out_is_not_shown(order):
    assert columns(order, ranking(1, 0, 3), AS_RANKED, allowed={0, 1}) == [1, 0]
    assert columns(order, ranking(1, 0, 3), RULED, allowed={1, 3}) == [1, 3]
    assert columns(order, ranking(2, 3, 4), AS_RANKED, allowed={3}) == [3]
    assert columns(order, ranking(1, 0, 3), RULED, allowed=set()) == []
    assert columns(order, (), RULED) == []


def test_a_list_of_the_older_version_is_shown_with_its_reasons(order):
    payload = (
        bytes([1, 3, 2, 0])
        + pack("<ff", 0.5, 0.25)
        + pack("<HHH", RARE, ADULT, ALONE)
        + bytes([5, 2, 1])
        + bytes([0])
        + pack("<HHHH", 3, NO_COLUMN, NO_COLUMN, 2)
        + bytes([51, 0, 0, 7])
    )

    found = ranking_codec.layout(payload)
    shown = order.stored(payload, found, AS_RANKED, packed([1, 0, 1, 1, 1]))

    scores = [0.5 + 0.25 * (TOP_LEVEL - below) for below in (5, 7, 8)]
    because = [(3, 51, NO_COLUMN, 0), (NO_COLUMN, 0, 2, 7), NO_REASONS]
    assert order.read(payload, found, shown) == ([RARE, ADULT, ALONE], scores, because)


@pytest.mark.parametrize("wanted", [AS_RANKED, RULED])
def test_a_title_beyond_the_last_is_refused(order, wanted):
    with pytest.raises(PayloadError, match="names title 5 of 5"):
        columns(order, ranking(0, 5), wanted, allowed={0})


def test_what_does_not_belong_together_is_refused(order):
    payload, other = ranking_codec.encode(ranking(0)), ranking_codec.encode(ranking(0, 1))
    found = ranking_codec.layout(payload)

    with pytest.raises(ValueError, match="allowed is of fewer than 5"):
        order.stored(payload, found, RULED, b"")
    with pytest.raises(ValueError, match="layout is of another"):
        order.stored(other, found, RULED, None)


def test_an_entry_that_is_not_there_is_not_read(order):
    payload = ranking_codec.encode(ranking(0, 1))
    found = ranking_codec.layout(payload)

    assert order.read(payload, found, b"\x01")[0] == [1]
    assert order.read(payload, found, []) == ([], [], [])
    with pytest.raises(PayloadError, match="entry 2 of 2"):
        order.read(payload, found, [0, 2])


@pytest.mark.parametrize(
    ("known", "shown"),
    [
        (Known(), [START, ALONE, RARE]),
        (Known(started=frozenset({SAGA})), [START, ALONE, RARE]),
        (Known(banned=frozenset({START})), [ALONE, RARE]),
        (Known(banned=frozenset({START}), started=frozenset({SAGA})), [SEQUEL, ALONE, RARE]),
        (Known(dropped=frozenset({SAGA, OTHER})), [ALONE]),
        (Known(taken=frozenset({SAGA})), [ALONE, RARE]),
    ],
)
def test_what_is_known_of_somebody_counts(order, known, shown):
    listed, scores = [SEQUEL, START, ALONE, RARE], [5.0, 4.9, 3.0, 1.0]

    found = order.arrange(listed, scores, known, RULED)

    assert [listed[at] for at in found] == shown


def test_without_rules_only_what_is_banned_stays_away(order):
    known = Known(frozenset({START}), dropped=frozenset({SAGA}), taken=frozenset({OTHER}))

    found = order.arrange([SEQUEL, START, RARE], [5.0, 4.0, 3.0], known, AS_RANKED)

    assert found == [0, 2]


def test_of_no_entries_none_are_shown(order):
    assert order.arrange([], [], Known(), RULED) == []
    assert order.arrange([START], [1.0], Known(), RULED._replace(most=0)) == []
    assert order.arrange([START], [1.0], Known(), AS_RANKED._replace(most=0)) == []


@pytest.mark.parametrize("wanted", [AS_RANKED, RULED])
def test_a_ranking_of_another_catalogue_is_refused(order, wanted):
    with pytest.raises(IndexError):
        order.arrange([START, 5], [2.0, 1.0], Known(), wanted._replace(adult=False))


@st.composite
def worlds(draw):
    """Facts of some titles, and an order of some of them."""
    known = st.tuples(
        st.sampled_from([0, SAGA, OTHER]),
        st.booleans(),
        st.booleans(),
        st.sets(st.sampled_from(GENRES), max_size=6),
        st.integers(0, 10_000),
    )
    titles = draw(st.lists(known, min_size=1, max_size=140))
    facts = facts_of(
        [
            anime(id, franchise=own, series=own, side=side, adult=adult,
                  genres=tuple(sorted(genres)), raters=raters, year=2030 - id)
            for id, (own, side, adult, genres, raters) in enumerate(titles, 1)
        ]
    )  # fmt: skip
    listed = draw(st.permutations(range(len(titles))))
    return facts, listed[: draw(st.integers(0, len(titles)))]


wishes = st.builds(
    Wanted, st.integers(0, 110), st.booleans(), st.booleans(), st.sampled_from([0.0, 0.25, 1.0])
)
some = st.frozensets(st.integers(0, 140))
series = st.frozensets(st.sampled_from([SAGA, OTHER]))


@pytest.fixture(scope="module")
def fast():
    return compiled.require("schemas._order").Order


@given(
    worlds(),
    wishes,
    st.randoms(use_true_random=False),
    st.none() | st.integers(0, 2**32 - 1),
    st.integers(0, 127),
)
def test_compiled_a_stored_list_is_the_same(fast, world, wanted, chance, seed, explained):
    facts, listed = world
    scores = sorted((chance.choice([0.0, 1.0, chance.random()]) for _ in listed), reverse=True)
    entries = tuple(
        Entry(
            Column(one), score, Rule(chance.choice([0, 0, 1, 2, 3])), because(chance, at, explained)
        )
        for at, (one, score) in enumerate(zip(listed, scores, strict=True))
    )
    payload = ranking_codec.encode(entries)
    found = ranking_codec.layout(payload)
    size = len(facts.adult)
    bits = None if seed is None else packed(np.random.default_rng(seed).random(size) < 0.5)

    shown = fast(facts).stored(payload, found, wanted, bits)

    assert shown == Order(facts).stored(payload, found, wanted, bits)
    expected = ranking_codec.entries_at(payload, found, shown)
    assert fast(facts).read(payload, found, shown) == expected


def because(chance, at, explained):
    if at >= explained:
        return ()
    titles = chance.sample(range(300), chance.choice([1, 2]))
    return tuple(Reason(Column(one), chance.random()) for one in titles)


@given(worlds(), wishes, st.randoms(use_true_random=False), some, series, series, series)
def test_compiled_any_other_ranking_is_arranged_the_same(
    fast, world, wanted, chance, banned, started, dropped, taken
):
    facts, listed = world
    scores = sorted((chance.choice([0.0, 1.0, chance.random()]) for _ in listed), reverse=True)
    known = Known(banned, started, dropped, taken)

    expected = Order(facts).arrange(listed, scores, known, wanted)

    assert fast(facts).arrange(listed, scores, known, wanted) == expected
    arrays = array("i", listed), array("d", scores)
    assert fast(facts).arrange(*arrays, known, wanted) == expected


@given(worlds(), st.randoms(use_true_random=False))
def test_compiled_the_default_order_is_the_same(fast, world, chance):
    facts, listed = world
    levels = sorted((chance.randrange(4096) for _ in listed), reverse=True)
    flags = [chance.choice([0, 0, 1, 2, 3]) for _ in listed]

    found = fast(facts).default(listed, levels, flags)

    assert found == Order(facts).default(listed, levels, flags)
    worth = [level - levels[-1] for level in levels]
    assert found == arrange(listed, worth, flags, facts)


@given(worlds())
def test_compiled_the_same_series_were_started(fast, world):
    facts, listed = world

    assert fast(facts).started(listed) == Order(facts).started(listed)


def test_it_can_be_sent_to_another_process(form):
    sent = pickle.loads(pickle.dumps(form(EXAMPLE)))

    assert sent.default([START, ADULT, RARE], [9, 8, 7], [0, 0, 0]) == [0, 2]


def test_compiled_numbers_of_another_kind_are_refused(fast):
    with pytest.raises(ValueError, match="type i"):
        fast(EXAMPLE).arrange(array("q", [0]), array("d", [1.0]), Known(), RULED)
    with pytest.raises(ValueError, match="one score"):
        fast(EXAMPLE).arrange([0, 1], [1.0], Known(), RULED)
    with pytest.raises(ValueError, match="one flag"):
        fast(EXAMPLE).default([0, 1], [2, 1], [0])


def test_compiled_nothing_is_read_before_a_list_or_of_another_one(fast):
    payload = ranking_codec.encode(ranking(0, 1))
    found = ranking_codec.layout(payload)

    with pytest.raises(IndexError):
        fast(EXAMPLE).read(payload, found, [-1])
    with pytest.raises(ValueError, match="another list"):
        fast(EXAMPLE).read(payload[:-1], found, [0])
