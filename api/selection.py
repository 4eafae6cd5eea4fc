"""Which entries of a list an answer shows, as the parameters of the request have it.

A filter of stored lists belongs here: it decides on positions, and never on what they hold.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from api import lines
from api.lines import Lines
from api.parameters import Listing
from schemas import product_order, ranking_codec
from schemas.product_order import DEFAULT, Facts, Taste


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of somebody whose list is made now: columns that must not come back, series
    of which they started a main entry, franchises of which they dropped an entry or that are
    shown already.
    """

    banned: frozenset[int] = frozenset()
    started: frozenset[int] = frozenset()
    dropped: frozenset[int] = frozenset()
    taken: frozenset[int] = frozenset()

    def and_shown(self, columns: Sequence[int], facts: Facts) -> "Known":
        """The same, once some titles have been shown."""
        franchises = frozenset(facts.franchise[one] for one in columns) - {0}
        return replace(self, banned=self.banned.union(columns), taken=self.taken | franchises)


Reader = Callable[[bytes], Lines]
"""Reads what is to be shown from a ranking payload."""


def taste_of(listing: Listing) -> Taste:
    return Taste(adult=bool(listing.adult), niche=listing.niche)


def for_people(facts: Facts, listing: Listing) -> Reader:
    """A user's list: by the product rules, or as it is."""

    def read(payload: bytes) -> Lines:
        found = lines.open_list(payload)
        taste = taste_of(listing)
        positions: Sequence[int] | None = None
        if listing.franchise == "all":
            return _pure(payload, facts, listing)
        if taste == DEFAULT:
            positions = ranking_codec.shown(payload, found)
        if positions is None:
            stored = lines.stored(payload, found)
            worth = above_last(stored.levels)
            positions = product_order.arrange(stored.columns, worth, stored.rules, facts, taste)
        return lines.read_at(payload, found, positions[: listing.limit])

    return read


def similar(facts: Facts, listing: Listing) -> Reader:
    """Similar titles: sequels are what people look for there, so only `adult` applies."""

    def read(payload: bytes) -> Lines:
        if listing.franchise == "all":
            return _pure(payload, facts, listing)
        found = lines.open_list(payload)
        stored = lines.stored(payload, found)
        leaned = product_order.lean(
            stored.columns, above_last(stored.levels), facts, taste_of(listing)
        )
        kept = [at for _, at in leaned if listing.adult or not facts.adult[stored.columns[at]]]
        return lines.read_at(payload, found, kept[: listing.limit])

    return read


def arranged(ranking: Lines, known: Known, facts: Facts, listing: Listing) -> Lines:
    """Of a ranking that is not somebody's own stored list, what is shown to them."""
    if listing.limit < 1:
        return Lines()
    open_to = ranking.pick([i for i, one in enumerate(ranking.columns) if one not in known.banned])
    worth, taste = above_last(open_to.scores), taste_of(listing)
    if listing.franchise == "all":
        chosen = [at for _, at in product_order.lean(open_to.columns, worth, facts, taste)]
    else:
        flags = product_order.rules_of(open_to.columns, known.started, known.dropped, facts)
        chosen = product_order.arrange(open_to.columns, worth, flags, facts, taste, known.taken)
    return open_to.pick(chosen[: listing.limit])


def _pure(payload: bytes, facts: Facts, listing: Listing) -> Lines:
    if not listing.niche:
        return lines.read(payload, listing.limit)
    found = lines.open_list(payload)
    stored = lines.stored(payload, found)
    leaned = product_order.lean(stored.columns, above_last(stored.levels), facts, taste_of(listing))
    return lines.read_at(payload, found, [at for _, at in leaned[: listing.limit]])


def above_last(scores: Sequence[float]) -> list[float]:
    """How far each score is above the last one, the lowest."""
    return [one - scores[-1] for one in scores]
