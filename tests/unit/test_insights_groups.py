import numpy as np
import pytest

from batch.insights.clustering import clusters
from batch.insights.genres import genres_of
from batch.insights.groups import groups_of
from batch.insights.tally import tally
from batch.models import exact
from batch.params import ValidationParams
from tests.builders import anime
from tests.datasets import histories

KINDS = ("Action", "Drama", "Mecha")
TITLES = [
    anime(n, genres=(KINDS[n // 20], "Comedy"), franchise=7 if n in (20, 21) else 0)
    for n in range(60)
]
GENRES = genres_of([one.genres for one in TITLES], [False] * len(TITLES))


def crowd(sizes=(60, 90, 30), seed=1):
    """People who like six titles of one kind and two of any."""
    random = np.random.default_rng(seed)
    homes = np.repeat(np.arange(len(sizes)), sizes)
    people = {}
    for user, home in enumerate(homes.tolist()):
        liked = {*random.choice(20, 6, replace=False) + 20 * home, *random.integers(0, 60, 2)}
        people[user] = [(int(column), 9, 2) for column in sorted(liked)]
    return people


def grouped(people, most=3):
    counted = tally(histories(people), GENRES, len(people), 1_000, ValidationParams())
    return groups_of(TITLES, GENRES, counted, most)


def test_people_of_one_taste_are_a_group_named_by_what_they_like():
    found = grouped(crowd())

    assert [one.genres[0].name for one in found] == ["Drama", "Action", "Mecha"]
    assert [one.share for one in found] == pytest.approx([0.5, 0.333, 0.167], abs=0.02)
    assert all(one.genres[0].theirs > 1.5 * one.genres[0].crowd for one in found)


def test_typical_titles_are_of_what_sets_a_group_apart_one_of_each_franchise():
    others = (range(22 + user % 15, 26 + user % 15) for user in range(60))
    fans = {1_000 + n: [(one, 9, 2) for one in (20, 21, *some)] for n, some in enumerate(others)}
    people = crowd() | fans

    drama = grouped(people)[0]

    assert all(20 <= title < 40 for title in drama.titles)
    assert len(drama.titles) == 3
    assert len({20, 21} & set(drama.titles)) == 1


def test_the_order_of_people_and_their_shards_change_nothing():
    people = crowd()
    halves = [{user: people[user] for user in part} for part in (range(90, 180), range(90))]
    parts = [tally(histories(half), GENRES, 180, 1_000, ValidationParams()) for half in halves]

    assert groups_of(TITLES, GENRES, parts[0] + parts[1], 3) == grouped(people)


def test_who_likes_little_is_in_no_group():
    people = crowd() | {1_000 + user: [(0, 9, 2), (1, 9, 2)] for user in range(500)}

    assert [one.share for one in grouped(people)] == [one.share for one in grouped(crowd())]


def test_of_fewer_people_than_groups_there_are_none():
    assert grouped({1: [(n, 9, 2) for n in range(8)]}) == ()


def test_rows_that_point_the_same_way_are_together():
    ways = np.repeat(np.eye(4, 6, dtype=np.float32), 25, axis=0)
    rows = exact.unit_tastes(
        ways + np.random.default_rng(2).normal(0, 0.1, ways.shape).astype(np.float32)
    )

    found = clusters(rows, 4).reshape(4, 25)

    assert (found == found[:, :1]).all()
    assert len(set(found[:, 0].tolist())) == 4


def test_equal_rows_make_one_group_and_leave_the_others_empty():
    rows = exact.unit_tastes(np.ones((5, 3), np.float32))

    assert set(clusters(rows, 3).tolist()) == {0}
