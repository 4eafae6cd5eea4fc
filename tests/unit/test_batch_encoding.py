import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from batch.dataset import Histories
from batch.encoding import encode_histories, encode_rankings, pack_reasons
from batch.ranking import Ranked, top_n
from batch.reasons import block_of, two_largest
from schemas import history_codec, ranking_codec
from schemas.ranking_codec import NO_COLUMN, TOP_LEVEL
from schemas.records import Column, Entry, Interaction, Reason, Status

scores = st.lists(st.floats(-4, 4, width=32) | st.just(-np.inf), min_size=6, max_size=6)
blocks = st.lists(scores, min_size=1, max_size=3).map(np.float32)
rows = st.lists(
    st.tuples(st.integers(0, 65534), st.integers(0, 10), st.sampled_from(list(Status))),
    max_size=6, unique_by=lambda row: row[0],
)  # fmt: skip
COLUMNS = np.array([5, 300, 7, 65534, 0, 256])


@given(blocks)
def test_a_block_decodes_to_what_was_ranked(block):
    ranked = top_n(block, COLUMNS, 6)

    for user, payload in enumerate(encode_rankings(ranked, [b""] * len(block))):
        decoded = ranking_codec.decode(payload)
        count = ranked.counts[user]
        assert [entry.column for entry in decoded] == ranked.columns[user, :count].tolist()
        stored = ranked.floors[user] + float(ranked.steps[user]) * ranked.levels[user, :count]
        np.testing.assert_allclose([entry.score for entry in decoded], stored, atol=1e-6)


def test_both_ways_of_encoding_give_the_same_bytes():
    levels = [TOP_LEVEL, TOP_LEVEL - 255, 3500, 3499, 0]
    columns = [5, 9, 2, 1, 300]
    step = np.float32(1 / 4096)
    ranked = Ranked(
        np.array([columns]), np.array([levels]), np.array([5]), np.float32([0]), step[None]
    )
    plain = tuple(
        Entry(Column(column), float(step) * level)
        for column, level in zip(columns, levels, strict=True)
    )

    assert list(encode_rankings(ranked, [b""])) == [ranking_codec.encode(plain)]


@given(blocks, st.lists(st.integers(0, 3), min_size=18, max_size=18))
def test_flags_and_orders_stay_with_their_users(block, flags):
    ranked = top_n(block, COLUMNS, 6)
    rules = np.array(flags, np.uint8).reshape(3, 6)[: len(block)]
    shown = [bytes(range(count)) for count in ranked.counts.tolist()]

    stored = list(encode_rankings(ranked, [b""] * len(block), rules, shown))

    for user, (payload, count) in enumerate(zip(stored, ranked.counts.tolist(), strict=True)):
        decoded = ranking_codec.decode(payload)
        assert [entry.rules for entry in decoded] == rules[user, :count].tolist()
        found = ranking_codec.layout(payload)
        assert ranking_codec.shown(payload, found) == shown[user]
        unused = -count % 4
        assert not count or payload[found.first - 1] >> (8 - 2 * unused) == 0


@given(st.lists(st.floats(-1, 1, width=32), min_size=8, max_size=8))
def test_reasons_decode_to_contributors(values):
    contributors = block_of([two_largest(np.float32(values).reshape(4, 2))])
    ranked = top_n(np.float32([[2, 1]]), np.array([0, 1]), 2)
    columns = np.array([65534, 300, 7, 0], np.int32)

    named = np.where(contributors.titles < 0, NO_COLUMN, columns[contributors.titles])
    (payload,) = encode_rankings(ranked, pack_reasons(named, contributors.shares, ranked.counts))

    decoded = ranking_codec.decode(payload)
    for entry, titles, shares in zip(
        decoded, contributors.titles[0].T, contributors.shares[0].T, strict=True
    ):
        assert entry.reasons == tuple(
            Reason(Column(int(columns[title])), round(float(share) * 255) / 255)
            for title, share in zip(titles, shares, strict=True)
            if title >= 0
        )


def test_a_user_without_history_gets_entries_without_reasons():
    ranked = top_n(np.float32([[2, 1]]), np.array([0, 1]), 2)
    nobody, nothing = np.full((1, 2, 2), NO_COLUMN), np.zeros((1, 2, 2), np.float32)

    (payload,) = encode_rankings(ranked, pack_reasons(nobody, nothing, ranked.counts))

    assert [entry.reasons for entry in ranking_codec.decode(payload)] == [(), ()]


def test_an_empty_list_is_a_payload_of_its_own():
    ranked = top_n(np.full((1, 3), -np.inf, np.float32), np.arange(3), 3)

    (payload,) = encode_rankings(ranked, [b""])

    assert ranking_codec.decode(payload) == ()
    assert payload == ranking_codec.encode(())


@given(st.lists(rows, min_size=1, max_size=4))
def test_histories_get_the_bytes_of_the_plain_encoder(users):
    ordered = [sorted(user) for user in users]
    flat = [row for user in ordered for row in user]
    columns, ratings, statuses = (
        np.array([row[part] for row in flat], kind)
        for part, kind in enumerate((np.int32, np.int8, np.int8))
    )
    starts = np.cumsum([0, *map(len, ordered)])
    block = Histories(np.arange(len(users)), starts, columns, ratings, statuses)

    assert list(encode_histories(block)) == [
        history_codec.encode(Interaction(Column(c), r, s) for c, r, s in user) for user in users
    ]
