import numpy as np
import pytest

from batch.publish.sink import Sample
from batch.publish.verify import Findings, check_list, check_reasons, overlap
from schemas import ranking_codec
from schemas.records import Column, Entry, Reason
from tests.builders import ranking

SEEN = np.array([1, 2], np.int32)


def test_a_list_of_unseen_titles_is_right():
    assert check_list(ranking_codec.encode(ranking(0, 3)), SEEN, 4) == ""
    assert check_list(ranking_codec.encode(ranking(0, 3), shown=[1]), SEEN, 4) == ""


def test_a_user_with_nothing_left_has_a_right_list():
    assert check_list(ranking_codec.encode(()), SEEN, 4) == ""


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        (None, "missing"),
        (b"", "no header"),
        (ranking_codec.encode(ranking(0, 3))[:-1], "its header says"),
        (ranking_codec.encode(ranking(0, 4)), "does not have"),
        (ranking_codec.encode(ranking(0, 0)), "twice"),
        (ranking_codec.encode(ranking(0, 2)), "seen"),
        (ranking_codec.encode(ranking(0, 3), shown=[0, 0]), "shows an entry twice"),
        (ranking_codec.encode(ranking(0, 3), shown=[2]), "does not have"),
    ],
)
def test_a_wrong_list_is_told_apart(payload, problem):
    assert problem in check_list(payload, SEEN, 4)


def test_overlap_is_the_part_of_the_old_list_that_stays():
    assert overlap(np.array([1, 2, 3]), np.array([3, 1, 7, 8])) == 0.5


def test_overlap_looks_at_the_first_twenty():
    assert overlap(np.arange(40), np.arange(40)[::-1]) == 0.0


def test_an_empty_old_list_is_not_compared():
    assert overlap(np.array([1]), np.array([], int)) is None


def test_findings_add_up_over_shards():
    first = Findings(2, 1, 1, [1, 3], 0.5, 1, ["a"])
    second = Findings(3, 3, 2, [3, 4], 1.0, 2, ["b"])

    assert first + second == Findings(5, 4, 3, [1, 3, 4], 1.5, 3, ["a", "b"])


def because(*titles):
    reasons = tuple(Reason(Column(title), 0.4) for title in titles)
    return ranking_codec.encode((Entry(Column(0), 0.9, reasons=reasons),))


@pytest.mark.parametrize(
    ("titles", "problem"), [((), ""), ((1,), ""), ((2, 1), ""), ((3,), "has not seen")]
)
def test_reasons_are_titles_that_the_user_has_seen(titles, problem):
    found = check_reasons(because(*titles), SEEN)

    assert problem in found
    assert bool(found) == bool(problem)


def test_a_sample_differs_when_its_payload_does():
    assert Sample.of("key", b"one") == Sample.of("key", b"one") != Sample.of("key", b"two")
