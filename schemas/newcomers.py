"""How much the fame of titles counts for somebody of whom few titles are known."""

from collections.abc import Mapping
from math import log
from typing import Final

FAME_POWER: Final = 0.25
"""Fame is how many have rated a title, to this power: chosen by measurement (decision 16)."""


def fame_weight(table: Mapping[str, float], titles: int) -> float:
    """Look a number of known titles up in a table of weights by such numbers.

    Between two numbers weights follow the logarithm; before the first and after the last they
    stay. An empty table gives no weight.
    """
    knots = sorted((int(number), weight) for number, weight in table.items())
    below = [knot for knot in knots if knot[0] <= titles]
    above = [knot for knot in knots if knot[0] > titles]
    if not below or not above:
        nearest = below[-1:] or above[:1]
        return nearest[0][1] if nearest else 0.0
    (low, first), (high, second) = below[-1], above[0]
    part = log(titles / low) / log(high / low)
    return first + part * (second - first)
