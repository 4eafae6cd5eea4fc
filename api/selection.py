"""Which entries of a list an answer shows, as the parameters of the request have it.

A filter of stored lists belongs here: it decides on positions, and never on what they hold.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import compress, islice

from api import lines
from api.lines import Lines, Stored
from api.parameters import Filtered
from api.shelves import Within
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
        found = lines.open_list(payload)
        if within is not None:
            kept = _left(lines.columns(payload, found), within)
            stored = lines.stored(payload, found).pick(kept)
            order = _positions(stored, facts, listing)
            return lines.read_at(payload, found, [kept[at] for at in order[: listing.limit]])
        positions: Sequence[int] | None = None
        if listing.franchise == "all" and not listing.niche:
            return lines.read_at(payload, found, range(min(listing.limit, found.entries)))
        if is_default(listing):
            positions = ranking_codec.shown(payload, found)
        if positions is None or len(positions) < min(listing.limit, found.entries):
            positions = _positions(lines.stored(payload, found), facts, listing)
        return lines.read_at(payload, found, positions[: listing.limit])

    return read


def _left(columns: Sequence[int], within: Within) -> list[int]:
    """The positions of the entries that a filter leaves."""
    return list(compress(range(len(columns)), map(within.mask.__getitem__, columns)))


def _positions(stored: Stored, facts: Facts, listing: Filtered) -> Sequence[int]:
    worth, taste = above_last(stored.levels), taste_of(listing)
    if listing.franchise == "all":
        return [at for _, at in product_order.lean(stored.columns, worth, facts, taste)]
    return product_order.arrange(
        stored.columns, worth, stored.rules, facts, taste, most=listing.limit
    )


def similar(facts: Facts, listing: Filtered, within: Within | None = None) -> Reader:
    """Similar titles: sequels are what people look for there, so only `adult` applies."""

    def read(payload: bytes) -> Lines:
        found = lines.open_list(payload)
        columns = lines.columns(payload, found)
        order: Iterable[int] = range(found.entries)
        if listing.niche:
            order = _positions(
                lines.stored(payload, found), facts, replace(listing, franchise="all")
            )
        if within is not None:
            order = (at for at in order if within.mask[columns[at]])
        kept = (at for at in order if shows_adult(listing) or not facts.adult[columns[at]])
        return lines.read_at(payload, found, list(islice(kept, listing.limit)))

    return read


def shows_adult(listing: Filtered) -> bool:
    """Whether adult titles may be in an answer."""
    return bool(listing.adult) or listing.franchise == "all"


def arranged(ranking: Lines, known: Known, facts: Facts, listing: Filtered) -> Lines:
    """Of a ranking that is not somebody's own stored list, what is shown to them."""
    if listing.limit < 1:
        return Lines()
    open_to = ranking.pick([i for i, one in enumerate(ranking.columns) if one not in known.banned])
    worth, taste = above_last(open_to.scores), taste_of(listing)
    if listing.franchise == "all":
        chosen = [at for _, at in product_order.lean(open_to.columns, worth, facts, taste)]
    else:
        flags = product_order.rules_of(open_to.columns, known.started, known.dropped, facts)
        chosen = product_order.arrange(
            open_to.columns, worth, flags, facts, taste, known.taken, listing.limit
        )
    return open_to.pick(chosen[: listing.limit])


def above_last(scores: Sequence[float]) -> list[float]:
    """How far each score is above the last one, the lowest."""
    return [one - scores[-1] for one in scores]
