from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch.ingest import spool
from batch.ingest.numbers import Rows
from batch.ingest.shards import content_hash, count_users, digest, resolve, shard_of, total

# A busy machine must not fail a property for being slow.
on_any_machine = settings(deadline=None)

interaction = st.tuples(
    st.one_of(st.integers(0, 5), st.integers(0, 2**63 - 1)),
    st.integers(1, 2**31 - 1),
    st.integers(0, 10),
    st.sampled_from([1, 2, 3, 4, 6]),
)


def rows(listed):
    columns = list(zip(*listed, strict=True)) or [()] * 4
    kinds = (np.int64, np.int32, np.int8, np.int8)
    return Rows(*(np.array(column, kind) for column, kind in zip(columns, kinds, strict=True)))


def listed(found):
    columns = (found.users, found.anime, found.ratings, found.statuses)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@on_any_machine
@given(st.lists(interaction))
def test_rows_come_out_by_user_and_anime_and_the_later_counts(given_rows):
    expected = {(user, anime): (user, anime, *rest) for user, anime, *rest in given_rows}

    assert listed(resolve(rows(given_rows))) == [expected[key] for key in sorted(expected)]


def test_resolving_needs_no_small_user_ids():
    found = resolve(rows([(2**62, 1, 3, 2), (1, 9, 4, 2), (2**62, 1, 5, 2)]))

    assert listed(found) == [(1, 9, 4, 2), (2**62, 1, 5, 2)]


@on_any_machine
@given(st.lists(interaction, unique_by=lambda row: row[:2]), st.randoms())
def test_the_digest_does_not_see_the_order(given_rows, random):
    shuffled = random.sample(given_rows, len(given_rows))

    assert digest(rows(shuffled)) == digest(rows(given_rows))


@on_any_machine
@given(st.lists(interaction, unique_by=lambda row: row[:2]), st.integers(1, 9))
def test_the_digest_does_not_see_the_shards(given_rows, shards):
    one = rows(given_rows)
    keys = shard_of(one.users, shards)

    parts = [digest(one.take(keys == shard)) for shard in range(shards)]

    assert total(parts) == digest(one)


@pytest.mark.parametrize("changed", [
    {"ratings": np.array([9, 7], np.int8)},
    {"statuses": np.array([2, 4], np.int8)},
    {"anime": np.array([2, 1], np.int32)},
    {"users": np.array([1, 4], np.int64)},
])  # fmt: skip
def test_the_digest_sees_every_change(changed):
    before = rows([(1, 1, 8, 2), (3, 2, 7, 2)])

    assert digest(replace(before, **changed)) != digest(before)


def test_the_content_hash_covers_rows_and_catalogue():
    hashes = {content_hash(1, (1, 2), b"a"), content_hash(1, (1, 3), b"a"),
              content_hash(1, (1, 2), b"b"), content_hash(2, (1, 2), b"a")}  # fmt: skip

    assert len(hashes) == 4


def test_shards_are_fixed_and_about_even():
    found = shard_of(np.arange(100_000), 7)

    assert shard_of(np.array([0, 1, 2, 2**63 - 1]), 7).tolist() == [0, 6, 1, 3]
    assert np.bincount(found, minlength=7).min() > 13_000


def test_users_are_counted_once_each():
    assert count_users(rows([])) == 0
    assert count_users(rows([(0, 1, 1, 2), (0, 2, 1, 2), (5, 1, 1, 2)])) == 2


@on_any_machine
@given(st.lists(st.lists(interaction), min_size=1, max_size=4), st.integers(1, 5))
def test_a_shard_reads_back_its_rows_in_the_order_of_the_file(tmp_path_factory, parts, shards):
    folder = tmp_path_factory.mktemp("spools")
    places = [spool.write(folder, n, 0, rows(part), shards) for n, part in enumerate(parts)]

    for shard in range(shards):
        found = [written[shard] for written in reversed(places) if shard in written]
        expected = [row for part in parts for row in part
                    if shard_of(np.array([row[0]]), shards)[0] == shard]  # fmt: skip
        assert (listed(spool.read(folder, found)) if found else []) == expected


def test_spooling_again_replaces_what_a_dead_attempt_wrote(tmp_path):
    spool.write(tmp_path, 3, 1, rows([(1, 1, 1, 2)]), 1)
    places = spool.write(tmp_path, 3, 1, rows([(2, 2, 2, 2)]), 1)

    assert [path.name for path in tmp_path.iterdir()] == ["000003-000001.arrow"]
    assert listed(spool.read(tmp_path, places.values())) == [(2, 2, 2, 2)]
