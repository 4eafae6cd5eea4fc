import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch import neighbours
from batch.neighbour_lists import encode_nearest
from batch.neighbours import Pool, chosen, nearest, on_grid, pool_of
from schemas import neighbours_codec
from schemas.neighbours_codec import SIMILARITY_SCALE

EAST, NORTH, WEST, NOWHERE = (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, 0.0)
NORTH_EAST = (0.6, 0.8)


def vectors(*rows):
    return np.array(rows, np.float32)


def pool(people):
    """From user id to vector."""
    ids = np.array(sorted(people), np.int64)
    return Pool(ids, on_grid(vectors(*(people[one] for one in ids.tolist()))))


def found_by(user, vector, people, n=50):
    """Ids and similarities of one user's nearest."""
    found = nearest(np.array([user]), vectors(vector), pool(people), n)
    [payload] = encode_nearest(found)
    return {one.user_id: round(one.similarity, 3) for one in neighbours_codec.decode(payload)}


def crowd(users, factors=16, seed=3):
    """Random users of length one, some of whom are exactly alike."""
    random = np.random.default_rng(seed)
    rows = random.normal(size=(users, factors)).astype(np.float32)
    rows[users // 2 : users // 2 + 9] = rows[0]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    ids = np.sort(random.choice(10**6, users, replace=False)).astype(np.int64)
    return ids, rows


def by_sorting(user, vector, among, n):
    """The rule, spelled out: by similarity as stored, then by id."""
    cosines = among.vectors.astype(float) @ on_grid(vector).astype(float)
    levels = np.rint(np.clip(cosines, 0, 1) * SIMILARITY_SCALE).astype(int)
    pairs = sorted((-level, one) for one, level in zip(among.user_ids.tolist(), levels, strict=True)
                   if level > 0 and one != user)  # fmt: skip
    return [(one, -level) for level, one in pairs[:n]]


def listed(found, row):
    n = found.counts[row]
    return list(zip(found.user_ids[row, :n].tolist(), found.levels[row, :n].tolist(), strict=True))


def test_the_nearest_come_first_with_their_cosine():
    people = {1: NORTH_EAST, 2: EAST, 3: NORTH, 4: WEST}

    assert list(found_by(9, EAST, people).items()) == [(2, 1.0), (1, 0.6)]


def test_nobody_is_their_own_neighbour():
    assert found_by(2, EAST, {1: NORTH_EAST, 2: EAST}) == {1: 0.6}


def test_nobody_is_near_to_somebody_without_taste():
    assert found_by(9, NOWHERE, {1: EAST, 2: NOWHERE}) == {}
    assert found_by(9, EAST, {2: NOWHERE}) == {}


def test_ties_go_to_the_lower_id():
    people = {30: EAST, 20: EAST, 10: NORTH_EAST}

    assert list(found_by(9, EAST, people)) == [20, 30, 10]
    assert list(found_by(9, EAST, people, n=1)) == [20]


def test_what_is_stored_alike_is_a_tie():
    step = 1 / 2048
    people = {10: (0.5, 100 * step), 20: (0.5, 101 * step), 30: (0.5, 0)}

    assert list(found_by(9, (0.5, step), people, n=1)) == [10]


def test_tastes_alike_are_not_more_than_alike():
    fifths = (0.2**0.5,) * 5
    assert np.linalg.norm(on_grid(vectors(fifths))) > 1

    assert found_by(9, fifths, {1: fifths}) == {1: 1.0}


def test_large_ids_are_kept():
    large = {2**63 - 1: EAST, 2**32: NORTH_EAST}

    assert found_by(9, EAST, large) == {2**63 - 1: 1.0, 2**32: 0.6}


@pytest.mark.parametrize("users", [1, 2, 49, 511, 513, 1500])
@pytest.mark.parametrize("n", [1, 50, 100])
def test_it_finds_what_sorting_everybody_finds(users, n):
    ids, rows = crowd(max(users, 20))
    among = pool_of(ids[:users], rows[:users], users)

    found = nearest(ids[:20], rows[:20], among, n)

    for row in range(20):
        assert listed(found, row) == by_sorting(ids[row], rows[row], among, n)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([EAST, NORTH, WEST, NOWHERE, NORTH_EAST]), min_size=1, max_size=60),
       st.integers(1, 9))  # fmt: skip
def test_many_ties_are_all_ordered_by_the_rule(rows, n):
    among = pool(dict(enumerate(rows)))

    found = nearest(among.user_ids, among.vectors, among, n)

    for row, user in enumerate(among.user_ids):
        assert listed(found, row) == by_sorting(user, among.vectors[row], among, n)


def test_a_user_alone_gets_the_neighbours_they_get_in_a_crowd():
    ids, rows = crowd(700, factors=256)
    among = pool_of(ids, rows, 600)

    together = list(encode_nearest(nearest(ids[:256], rows[:256], among, 50)))

    for place in (0, 1, 100, 255):
        one = slice(place, place + 1)
        assert list(encode_nearest(nearest(ids[one], rows[one], among, 50))) == [together[place]]
    backwards = list(encode_nearest(nearest(ids[255::-1], rows[255::-1], among, 50)))
    assert backwards[::-1] == together


def test_everybody_is_in_a_pool_that_is_large_enough():
    ids = np.arange(500)

    assert chosen(ids, 500, 500).all()
    assert chosen(ids, 500, 32_768).all()


@pytest.mark.parametrize("size", [1, 2, 10, 50, 200, 1000, 2500])
def test_a_pool_is_full(size):
    ids, rows = crowd(5000, seed=size)
    picked = chosen(ids, 5000, size)

    assert len(pool_of(ids[picked], rows[picked], size).user_ids) == size
    assert picked.sum() < size + 12 * (size**0.5 + 1)


def test_a_pool_is_the_same_however_users_arrive():
    ids, rows = crowd(5000)
    picked = chosen(ids, 5000, 300)
    apart = np.concatenate([chosen(ids[:1700], 5000, 300), chosen(ids[1700:], 5000, 300)])
    order = np.random.default_rng(1).permutation(np.flatnonzero(picked))

    whole = pool_of(ids[picked], rows[picked], 300)
    pieces = pool_of(ids[order], rows[order], 300)

    assert (apart == picked).all()
    assert len(whole.user_ids) == 300
    assert whole.user_ids.tolist() == pieces.user_ids.tolist() == sorted(whole.user_ids.tolist())
    assert whole.vectors.tobytes() == pieces.vectors.tobytes()


def test_the_pool_keeps_ids_and_vectors_together():
    ids, rows = crowd(400)
    among = pool_of(ids, rows, 100)

    places = np.searchsorted(ids, among.user_ids)
    assert (among.vectors == on_grid(rows[places])).all()


def test_products_on_the_grid_are_exact():
    _, rows = crowd(64, factors=512)
    on = on_grid(rows)

    assert ((on @ on.T).astype(float) == on.astype(float) @ on.T.astype(float)).all()


def test_the_pool_is_not_made_of_validation_users():
    from batch.params import ValidationParams
    from batch.signals import held_out
    from tests.datasets import histories

    ids = np.arange(4000)
    tenth = ValidationParams(user_share=0.1)
    validation, _ = held_out(histories({one: [] for one in ids}), ids, 4000, tenth)

    both = (chosen(ids, 4000, 400) & validation).sum()
    assert 20 < both < 80


def test_the_bound_spares_most_of_the_pool():
    _, rows = crowd(4000)
    similarities = on_grid(rows[:50]) @ on_grid(rows).T

    passed = (similarities >= neighbours._bound(similarities, 50)[:, None]).sum(axis=1)

    assert (passed >= 50).all()
    assert passed.mean() < 80
