import numpy as np
import pytest

from batch.publish.neighbour_checks import check_neighbours
from schemas import neighbours_codec
from tests.builders import people

POOL = np.array([3, 5, 2**40])


def encoded(*pairs):
    return neighbours_codec.encode([one for pair in pairs for one in people(dict([pair]))])


@pytest.mark.parametrize("pairs", [(), ((5, 0.9), (3, 0.8)), ((2**40, 0.5), (3, 0.5))])
def test_neighbours_from_the_pool_in_order_are_right(pairs):
    assert check_neighbours(7, encoded(*pairs), POOL) == ""


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        (None, "missing"),
        (b"", "unknown neighbours version"),
        (encoded((5, 0.9), (3, 0.8))[:-1], "cut"),
        (encoded((4, 0.9)), "not in the pool"),
        (encoded((6, 0.9)), "not in the pool"),
        (encoded((2**41, 0.9)), "not in the pool"),
        (neighbours_codec.pack(b"\x01\x00", b"\xff" * 8, 8), "not in the pool"),
        (encoded((5, 0.9), (5, 0.8)), "twice"),
        (encoded((5, 0.9), (3, 0.8)), "name the user"),
        (encoded((5, 0.7), (2**40, 0.8)), "not in order"),
    ],
)
def test_wrong_neighbours_are_told_apart(payload, problem):
    assert problem in check_neighbours(3, payload, POOL)
