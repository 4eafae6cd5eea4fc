import pickle
from array import array
from dataclasses import dataclass, replace
from struct import pack

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from schemas import ranking_codec
from schemas.errors import PayloadError
from schemas.history_codec import STATUS_SHIFT
from schemas.order import Order, Wanted
from schemas.product_order import arrange, facts_of
from schemas.ranking_codec import NO_COLUMN, NO_REASONS, TOP_LEVEL
from schemas.records import Column, Entry, Reason, Rule, Status
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


def known(order, columns=(), status=Status.COMPLETED, excluded=(), shown=()):
    """What is known of somebody by some titles of one status."""
    marks = bytes([status << STATUS_SHIFT] * len(columns))
    return order.and_shown(order.known(array("H", columns), marks, excluded), shown)


def columns(order, entries, wanted, allowed=None):
    payload = ranking_codec.encode(entries)
    bits = None if allowed is None else packed([one in allowed for one in range(5)])
    found = ranking_codec.layout(payload)
    return order.stored(payload, found, wanted, bits)[0]


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

    scores = [0.5 + 0.25 * (TOP_LEVEL - below) for below in (5, 7, 8)]
    because = [(3, 51, NO_COLUMN, 0), (NO_COLUMN, 0, 2, 7), NO_REASONS]
    everything = ([RARE, ADULT, ALONE], scores, because)
    assert order.read(payload, found, [0, 1, 2]) == everything
    assert order.stored(payload, found, AS_RANKED, None) == everything
    because[1:2], scores[1:2] = [], []
    filtered = order.stored(payload, found, AS_RANKED, packed([1, 0, 0, 1, 1]))
    assert filtered == ([RARE, ALONE], scores, because)


@pytest.mark.parametrize("wanted", [AS_RANKED, RULED])
def test_a_title_beyond_the_last_is_refused(order, wanted):
    with pytest.raises(PayloadError, match="names title 5 of 5"):
        columns(order, ranking(0, 5), wanted, allowed={0})


def test_a_title_beyond_the_last_is_not_read(order):
    payload = ranking_codec.encode(ranking(0, 5))

    with pytest.raises(PayloadError, match="names title 5 of 5"):
        order.read(payload, ranking_codec.layout(payload), [1])


def test_what_does_not_belong_together_is_refused(order):
    payload, other = ranking_codec.encode(ranking(0)), ranking_codec.encode(ranking(0, 1))
    found = ranking_codec.layout(payload)

    with pytest.raises(ValueError, match="allowed is of fewer than 5"):
        order.stored(payload, found, RULED, b"")
    with pytest.raises(ValueError, match="layout is of another"):
        order.stored(other, found, RULED, None)
    with pytest.raises(ValueError, match="layout is of another"):
        order.read(other, found, [0])
    with pytest.raises(ValueError, match="one score"):
        order.arrange([0, 1], [1.0], known(order), RULED)
    with pytest.raises(ValueError, match="one flag"):
        order.default([0, 1], [2, 1], [0])


def test_an_entry_that_is_not_there_is_not_read(order):
    payload = ranking_codec.encode(ranking(0, 1))
    found = ranking_codec.layout(payload)

    assert order.read(payload, found, b"\x01")[0] == [1]
    assert order.read(payload, found, []) == ([], [], [])
    with pytest.raises(PayloadError, match="entry 2 of 2"):
        order.read(payload, found, [0, 2])


@pytest.mark.parametrize(
    ("done", "shown"),
    [
        ({}, [START, ALONE, RARE]),
        ({"columns": [ALONE]}, [START, RARE]),
        ({"columns": [START]}, [SEQUEL, ALONE, RARE]),
        ({"columns": [START], "status": Status.PLANNED}, [ALONE, RARE]),
        ({"columns": [START], "status": Status.DROPPED}, [ALONE, RARE]),
        ({"columns": [RARE, ALONE], "status": Status.DROPPED}, [START]),
        ({"excluded": [START]}, [ALONE, RARE]),
        ({"excluded": [ALONE, RARE]}, [START]),
        ({"shown": [START]}, [ALONE, RARE]),
        ({"columns": [START], "shown": [SEQUEL]}, [ALONE, RARE]),
    ],
)
def test_what_is_known_of_somebody_counts(order, done, shown):
    listed, scores = [SEQUEL, START, ALONE, RARE], [5.0, 4.9, 3.0, 1.0]

    found = order.arrange(listed, scores, known(order, **done), RULED)

    assert [listed[at] for at in found] == shown


def test_without_rules_only_what_is_banned_stays_away(order):
    dropped = known(order, [START], Status.DROPPED, shown=[START, RARE])

    found = order.arrange([SEQUEL, START, RARE, ALONE], [5.0, 4.0, 3.0, 2.0], dropped, AS_RANKED)

    assert found == [0, 3]


def test_of_no_entries_none_are_shown(order):
    assert order.arrange([], [], known(order), RULED) == []
    assert order.arrange([START], [1.0], known(order), RULED._replace(most=0)) == []
    assert order.arrange([START], [1.0], known(order), AS_RANKED._replace(most=0)) == []


@pytest.mark.parametrize("wanted", [AS_RANKED, RULED])
def test_a_ranking_of_another_catalogue_is_refused(order, wanted):
    with pytest.raises(IndexError):
        order.arrange([START, 5], [2.0, 1.0], known(order), wanted._replace(adult=False))


@dataclass
class World:
    """Titles and a ranking of some of them, by chance. Little differs much: ties are frequent."""

    seed: int

    def __post_init__(self):
        self.rng = rng = np.random.default_rng(self.seed)
        size = int(rng.choice([rng.integers(1, 60), rng.integers(200, 400)]))
        of_all = tuple(rng.choice([0, 0, 0, SAGA, OTHER, 9, 17], size).tolist())
        titles = enumerate(zip(of_all, rng.random((size, 2)).tolist(), strict=True), 1)
        self.facts = facts_of(
            [
                anime(id, franchise=own, series=own and max(own, id // 40), side=side < 0.3,
                      adult=adult < 0.2, raters=int(rng.integers(10_000)), year=2030 - id,
                      genres=tuple(rng.choice(GENRES, rng.integers(6), replace=False).tolist()))
                for id, (own, (side, adult)) in titles
            ]
        )  # fmt: skip
        self.size = size
        self.columns = rng.permutation(size)[: rng.integers(256)].tolist()
        self.levels = sorted(self.numbers(rng.choice([5, 40, 4096])), reverse=True)
        self.flags = rng.choice([0, 0, 0, 1, 2, 3], len(self.columns)).tolist()
        self.wanted = Wanted(
            int(rng.choice([0, 1, 10, 100])), bool(rng.random() < 0.7), bool(rng.random() < 0.5),
            float(rng.choice([0.0, 0.0, 0.25, 1.0])),
        )  # fmt: skip

    def numbers(self, below):
        return self.rng.integers(below, size=len(self.columns)).tolist()

    def payload(self):
        explained = int(self.rng.integers(min(len(self.columns), 127) + 1))
        rows = zip(self.columns, self.levels, self.flags, strict=True)
        return ranking_codec.encode(
            tuple(
                Entry(Column(column), level, Rule(flag), self.because() if at < explained else ())
                for at, (column, level, flag) in enumerate(rows)
            )
        )

    def because(self):
        titles = self.rng.choice(
            [1, 2, 300, 5000, 65_534], self.rng.integers(1, 3), replace=False
        ).tolist()
        return tuple(Reason(Column(one), float(self.rng.random())) for one in titles)

    def some(self, part):
        return frozenset(np.flatnonzero(self.rng.random(self.size) < part).tolist())

    def known_by(self, order):
        """What is known of somebody, the same to every order."""
        rng = np.random.default_rng(self.seed)
        size = int(rng.integers(self.size))
        done, excluded, shown = (rng.permutation(self.size)[:n] for n in (size, 2, size // 9))
        marks = rng.choice([0, 7, 0x2A, *(one << 4 for one in Status)], size).tolist()
        known = order.known(array("H", done.tolist()), bytes(marks), excluded.tolist())
        return order.and_shown(known, shown.tolist())


worlds = st.builds(World, st.integers(0, 2**32 - 1))
thoroughly = settings(max_examples=200, phases=[Phase.explicit, Phase.generate])


@pytest.fixture(scope="module")
def fast():
    return compiled.require("schemas._order").Order


@thoroughly
@given(worlds)
def test_compiled_a_stored_list_is_the_same(fast, world):
    payload = world.payload()
    found = ranking_codec.layout(payload)
    allowed = world.some(0.5)
    filtered = packed([one in allowed for one in range(world.size)])

    for bits in (None, filtered):
        entries = fast(world.facts).stored(payload, found, world.wanted, bits)

        assert entries == Order(world.facts).stored(payload, found, world.wanted, bits)
        shown = [world.columns.index(one) for one in entries[0]]
        assert entries == ranking_codec.entries_at(payload, found, shown)
        assert entries == fast(world.facts).read(payload, found, shown)


@thoroughly
@given(worlds)
def test_compiled_any_other_ranking_is_arranged_the_same(fast, world):
    scores = [level / 7 for level in world.levels]
    plain, quick = Order(world.facts), fast(world.facts)
    expected = plain.arrange(world.columns, scores, world.known_by(plain), world.wanted)

    arrays = array("i", world.columns), array("d", scores)
    for given_as in ((world.columns, scores), arrays):
        assert quick.arrange(*given_as, world.known_by(quick), world.wanted) == expected


@thoroughly
@given(worlds)
def test_compiled_the_default_order_is_the_same(fast, world):
    columns, levels = world.columns, world.levels

    found = fast(world.facts).default(columns, levels, world.flags)

    assert found == Order(world.facts).default(columns, levels, world.flags)
    worth = [level - levels[-1] for level in levels]
    assert found == arrange(columns, worth, world.flags, world.facts)


@thoroughly
@given(worlds)
def test_compiled_the_same_is_known(fast, world):
    found, expected = (world.known_by(form(world.facts)) for form in (fast, Order))

    for name in expected._fields:
        assert getattr(found, name) == getattr(expected, name)


def test_what_somebody_has_done_with_titles_is_known_of_them(order):
    marks = bytes([Status.WATCHING << 4, Status.PLANNED << 4 | 9, 7])

    found = order.known(array("H", (START, RARE, ALONE)), marks, [ADULT])

    assert list(found.banned) == [1, 0, 1, 1, 1]
    assert found.started == {SAGA}
    assert not found.dropped
    assert not found.taken
    assert list(known(order).banned) == [0] * 5


def test_franchises_of_which_something_was_dropped_are_known(order):
    marks = [Status.DROPPED << 4, Status.DROPPED << 4, Status.PLANNED << 4]

    found = order.known(array("H", [ALONE, SEQUEL, RARE]), bytes(marks))

    assert (found.started, found.dropped) == ({SAGA}, {SAGA})


def test_what_was_done_with_titles_that_are_not_there_is_refused(order):
    with pytest.raises(IndexError):
        known(order, [START, 5])
    with pytest.raises(IndexError):
        known(order, excluded=[5])
    with pytest.raises(IndexError):
        known(order, shown=[5])
    with pytest.raises(ValueError, match="one mark"):
        order.known(array("H", [START, RARE]), b"\0")


def test_what_is_known_over_another_catalogue_is_refused(form, order):
    small = known(form(facts_of([anime(1)])))

    with pytest.raises(ValueError, match="another catalogue"):
        order.arrange([START], [1.0], small, RULED)
    with pytest.raises(ValueError, match="another catalogue"):
        order.and_shown(small, [START])


def test_what_is_known_stays_as_it_was_when_something_is_shown(order):
    before = known(order, [START])

    after = order.and_shown(before, [RARE])

    assert list(before.banned) == [1, 0, 0, 0, 0]
    assert not before.taken
    assert list(after.banned) == [1, 0, 0, 1, 0]
    assert (after.taken, after.started) == ({OTHER}, {SAGA})


def test_it_can_be_sent_to_another_process(form):
    sent = pickle.loads(pickle.dumps(form(EXAMPLE)))

    assert sent.default([START, ADULT, RARE], [9, 8, 7], [0, 0, 0]) == [0, 2]


def test_compiled_numbers_of_another_kind_are_refused(fast):
    order = fast(EXAMPLE)
    with pytest.raises(ValueError, match="type i"):
        order.arrange(array("q", [0]), array("d", [1.0]), known(order), RULED)
    with pytest.raises(ValueError, match="type H"):
        order.known(array("i", [0]), b"\0")
    with pytest.raises(ValueError, match="popularity"):
        fast(replace(EXAMPLE, popularity=[]))


def test_compiled_nothing_is_read_before_a_list(fast):
    payload = ranking_codec.encode(ranking(0, 1))

    with pytest.raises(IndexError):
        fast(EXAMPLE).read(payload, ranking_codec.layout(payload), [-1])
