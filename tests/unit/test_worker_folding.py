from hypothesis import given
from hypothesis import strategies as st

from batch.encoding import encode_histories
from batch.worker.folding import fold, histories_of
from schemas import history_codec
from schemas.ratings import Recent, entry_id, revision
from schemas.records import AnimeId, Column, Interaction, Status, UserId
from tests.datasets import told

COLUMN_OF = {AnimeId(10 * n): n for n in range(6)}

statuses = st.sampled_from(list(Status))
rows = st.dictionaries(st.sampled_from(range(6)), st.tuples(st.integers(0, 10), statuses))


def recent(anime, rating=0, status=Status.UNKNOWN, at=1):
    return Recent(AnimeId(anime), rating, status, (at, 0))


def stored(found):
    return history_codec.encode(
        Interaction(Column(column), rating, status) for column, (rating, status) in found.items()
    )


def read(payload):
    return [(one.column, one.rating, one.status) for one in history_codec.decode(payload)]


def test_a_new_title_takes_its_place_among_the_others():
    before = stored({0: (7, Status.COMPLETED), 3: (0, Status.PLANNED)})

    after = fold(before, [recent(20, 9)], COLUMN_OF)

    assert read(after) == [(0, 7, 2), (2, 9, 0), (3, 0, 6)]


def test_what_was_said_last_of_a_title_counts_all_of_it():
    before = stored({1: (7, Status.COMPLETED)})

    after = fold(before, [recent(10, status=Status.DROPPED)], COLUMN_OF)

    assert read(after) == [(1, 0, Status.DROPPED)]


def test_titles_that_the_catalogue_lacks_are_ignored():
    before = stored({1: (7, Status.COMPLETED)})

    assert fold(before, [recent(11, 9)], COLUMN_OF) == before


def test_somebody_unknown_begins_with_nothing():
    assert read(fold(None, [recent(50, 8), recent(0, 2)], COLUMN_OF)) == [(0, 2, 0), (5, 8, 0)]


@given(rows, rows)
def test_folding_twice_is_folding_once(before, news):
    said = [recent(10 * one, *marks) for one, marks in news.items()]

    once = fold(stored(before), said, COLUMN_OF)

    assert fold(once, said, COLUMN_OF) == once
    assert once == stored(before | news)


@given(st.dictionaries(st.integers(0, 2**63 - 1), rows, min_size=1, max_size=5))
def test_histories_are_those_that_were_stored(users):
    payloads = {UserId(user): stored(found) for user, found in users.items()}

    found = histories_of(payloads)

    assert list(encode_histories(found)) == list(payloads.values())
    assert told(found) == [
        (user, [(column, *marks) for column, marks in sorted(of_user.items())])
        for user, of_user in users.items()
    ]


@given(st.lists(st.tuples(st.integers(0, 2**42), st.integers(0, 2**20 - 1)), min_size=2))
def test_revisions_grow_with_entries(entries):
    ordered = sorted(set(entries))

    numbers = [revision(one) for one in ordered]

    assert numbers == sorted(set(numbers))
    assert max(numbers) < 2**63


def test_a_revision_is_never_that_of_a_nightly_list():
    assert revision(entry_id("1795485600000-0")) > 0
