import numpy as np

from batch.hashing import GOLDEN, mix


def test_mixing_gives_the_published_numbers_of_splitmix64():
    steps = np.arange(1, 4, dtype=np.uint64) * GOLDEN

    assert [f"{one:016x}" for one in mix(steps).tolist()] == [
        "e220a8397b1dcdaf", "6e789e6aa1b965f4", "06c45d188009454f",
    ]  # fmt: skip
