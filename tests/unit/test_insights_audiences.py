from batch.insights.audiences import audiences
from batch.insights.genres import genres_of
from batch.insights.tally import tally
from batch.params import ValidationParams
from schemas import audiences_codec
from tests.datasets import histories

GENRES = genres_of([["Action"], ["Action"], ["Drama"], ["Drama"]], [False] * 4)
KNOWN = ["Action", "Adult", "Drama"]
FIGHTERS = {user: [(0, 9, 2), (1, 9, 2)] for user in range(30)}
WEEPERS = {100 + user: [(2, 9, 2), (3, 9, 2)] for user in range(30)}
CROWD = histories(FIGHTERS | WEEPERS | {300: [(0, 9, 2), (2, 9, 2)]})


def packed(least):
    return audiences(GENRES, tally(CROWD, GENRES, 61, 9, ValidationParams()), KNOWN, least)


def test_fans_are_told_by_what_else_they_like_beside_the_crowd():
    found = audiences_codec.find(packed(31), 0, KNOWN)

    assert found.fans == 31
    (first, last) = found.leanings
    assert (first.name, round(first.theirs, 2), round(first.crowd, 2)) == ("Action", 0.97, 0.5)
    assert (last.name, round(last.theirs, 2), round(last.crowd, 2)) == ("Drama", 0.03, 0.5)


def test_titles_with_too_few_fans_are_left_out():
    assert audiences_codec.find(packed(31), 1, KNOWN) is None
    assert audiences_codec.find(packed(30), 1, KNOWN).fans == 30
