"""Which entries of a list an answer shows, as the parameters of the request have it.

A filter of stored lists belongs here: it decides on positions, and never on what they hold.
"""

from collections.abc import Callable

from api.lines import Lines
from api.parameters import Filtered
from api.shelves import Within
from schemas import ranking_codec
from schemas.order import Known, Order, Wanted

Reader = Callable[[bytes], Lines]
"""Reads what is to be shown from a ranking payload."""


def is_default(listing: Filtered) -> bool:
    """Whether the order that is stored with a list is the one asked for."""
    return listing.franchise == "one" and not listing.adult and not listing.niche


def shows_adult(listing: Filtered) -> bool:
    """Whether adult titles may be in an answer."""
    return bool(listing.adult) or listing.franchise == "all"


def for_people(order: Order, listing: Filtered, within: Within | None = None) -> Reader:
    """A user's list: by the product rules, or as it is; of the titles that are left, if not all.

    The order of the default parameters is read, as far as it was stored, and not worked out.
    """

    def read(payload: bytes) -> Lines:
        found = ranking_codec.layout(payload)
        if within is None and is_default(listing):
            shown = ranking_codec.shown(payload, found)
            if shown is not None and len(shown) >= min(listing.limit, found.entries):
                return Lines(*order.read(payload, found, shown[: listing.limit]))
        return Lines(*order.stored(payload, found, wanted(listing), _allowed(within)))

    return read


def similar(order: Order, listing: Filtered, within: Within | None = None) -> Reader:
    """Similar titles: sequels are what people look for there, so only `adult` applies."""
    unruled = wanted(listing)._replace(ruled=False)

    def read(payload: bytes) -> Lines:
        found = ranking_codec.layout(payload)
        return Lines(*order.stored(payload, found, unruled, _allowed(within)))

    return read


def arranged(ranking: Lines, known: Known, order: Order, wanted: Wanted) -> Lines:
    """Of a ranking that is not somebody's own stored list, what is shown to them."""
    return ranking.pick(order.arrange(ranking.columns, ranking.scores, known, wanted))


def wanted(listing: Filtered) -> Wanted:
    """What parameters say of how a list is to be arranged."""
    ruled = listing.franchise == "one"
    return Wanted(listing.limit, ruled, shows_adult(listing), listing.niche)


def _allowed(within: Within | None) -> bytes | None:
    return None if within is None else within.packed
