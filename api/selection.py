"""Which entries of a list an answer shows, as the parameters of the request have it.

A filter of stored lists belongs here: it decides on positions, and never on what they hold.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from api import lines, scanning
from api.lines import Lines
from api.parameters import Filtered
from api.scanning import Stored
from api.shelves import Within
from schemas import product_order, ranking_codec
from schemas.product_order import DEFAULT, Facts, FlagsFor, Taste


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


def taste_of(listing: Filtered) -> Taste:
    return Taste(adult=bool(listing.adult), niche=listing.niche)


def is_default(listing: Filtered) -> bool:
    """Whether the order that is stored with a list is the one asked for."""
    return listing.franchise == "one" and taste_of(listing) == DEFAULT


def for_people(facts: Facts, listing: Filtered, within: Within | None = None) -> Reader:
    """A user's list: by the product rules, or as it is; of the titles that are left, if not all.

    The order of the default parameters is read, as far as it was stored, and not worked out.
    """

    def read(payload: bytes) -> Lines:
        found = ranking_codec.layout(payload)
        if within is None:
            if listing.franchise == "all" and not listing.niche:
                return lines.read_at(payload, found, range(min(listing.limit, found.entries)))
            shown = ranking_codec.shown(payload, found) if is_default(listing) else None
            if shown is not None and len(shown) >= min(listing.limit, found.entries):
                return lines.read_at(payload, found, shown[: listing.limit])
        allowed = None if within is None else within.packed
        some = scanning.stored(
            payload, found, len(facts.adult), allowed, flagged=listing.franchise == "all"
        )
        return lines.pick(payload, found, some, _chosen(some, facts, listing))

    return read


def _chosen(some: Stored, facts: Facts, listing: Filtered) -> Sequence[int]:
    """Which of some entries to show, in order; where rules apply, none of them is flagged."""
    taste = taste_of(listing)
    if listing.franchise == "all":
        return product_order.lean(some.columns, some.worth, facts, taste)[0][: listing.limit]
    return product_order.arrange(some.columns, some.worth, None, facts, taste, most=listing.limit)


def similar(facts: Facts, listing: Filtered, within: Within | None = None) -> Reader:
    """Similar titles: sequels are what people look for there, so only `adult` applies."""

    def read(payload: bytes) -> Lines:
        found = ranking_codec.layout(payload)
        if within is None and not listing.niche:
            columns = ranking_codec.columns(payload, found, found.entries)
            return lines.read_at(payload, found, shown(columns, range(found.entries)))
        allowed = None if within is None else within.packed
        some = scanning.stored(payload, found, len(facts.adult), allowed, flagged=True)
        order: Iterable[int] = range(len(some.columns))
        if listing.niche:
            order = _chosen(some, facts, replace(listing, franchise="all", limit=found.entries))
        return lines.pick(payload, found, some, shown(some.columns, order))

    def shown(columns: Sequence[int], order: Iterable[int]) -> list[int]:
        kept = (at for at in order if shows_adult(listing) or not facts.adult[columns[at]])
        return list(islice(kept, listing.limit))

    return read


def shows_adult(listing: Filtered) -> bool:
    """Whether adult titles may be in an answer."""
    return bool(listing.adult) or listing.franchise == "all"


def arranged(
    ranking: Lines, known: Known, facts: Facts, listing: Filtered, *, all_open: bool = False
) -> Lines:
    """Of a ranking that is not somebody's own stored list, what is shown to them.

    `all_open` says that nothing of what is banned is in it.
    """
    if listing.limit < 1:
        return Lines()
    columns, banned = ranking.columns, known.banned
    open_to = None if all_open else [at for at, one in enumerate(columns) if one not in banned]
    worth, taste = product_order.Above(ranking.scores), taste_of(listing)
    if listing.franchise == "all":
        order, _ = product_order.lean(columns, worth, facts, taste, open_to)
        chosen = order[: listing.limit]
    else:
        rules = FlagsFor(columns, known.started, known.dropped, facts)
        chosen = product_order.arrange(
            columns, worth, rules, facts, taste, known.taken, listing.limit, open_to
        )
    return ranking.pick(chosen)
