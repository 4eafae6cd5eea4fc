"""Which entries of lists are shown, and in which order: what schemas.product_order says. Pure.

The plain form; _order.pyx does the same compiled, and tests hold both to the same answers.
"""

from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from schemas import product_order, ranking_codec
from schemas.errors import PayloadError
from schemas.history_codec import STATUS_SHIFT
from schemas.product_order import Facts, Taste
from schemas.ranking_codec import Because, Layout
from schemas.records import Status


class Wanted(NamedTuple):
    """At most `most` entries. By the product rules, if `ruled`: nothing that one speaks against,
    one title per franchise, genres that take turns; else as they are ranked. Adult titles, or
    not; `niche`, from 0 to 1, leans to rare ones.
    """

    most: int
    ruled: bool
    adult: bool
    niche: float


class Known(NamedTuple):
    """What is known of somebody whose list is made now; Order.known makes it.

    `banned` is 1 for each title of the catalogue that must not come back, else 0. Then come the
    series of which they started a main entry, and the franchises of which they dropped an entry,
    or that are shown already.
    """

    banned: bytes
    started: frozenset[int]
    dropped: frozenset[int]
    taken: frozenset[int] = frozenset()


class Order:
    """Over the titles of one catalogue."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def known(self, columns: "array[int]", marks: bytes, excluded: Iterable[int] = ()) -> Known:
        """What is known of somebody by what they have done with titles.

        Args:
            columns: the titles, as an array of type H.
            marks: of each, as histories hold them.
            excluded: titles that must not come back either.

        Raises:
            IndexError: a title is not in the catalogue.
            ValueError: there are more of one than of the other.
        """
        if len(marks) != len(columns):
            raise ValueError("not one mark for each title")
        titles = list(zip(columns, marks, strict=True))
        begun = [one for one, mark in titles if mark >> STATUS_SHIFT != Status.PLANNED]
        dropped = [one for one, mark in titles if mark >> STATUS_SHIFT == Status.DROPPED]
        return Known(
            banned=self._with([*columns, *excluded], bytes(len(self._facts.adult))),
            started=frozenset(product_order.started_series(begun, self._facts)),
            dropped=self._franchises(dropped),
        )

    def and_shown(self, known: Known, columns: Sequence[int]) -> Known:
        """The same, once some titles have been shown.

        Raises:
            IndexError: a title is not in the catalogue.
            ValueError: what is known is of another one.
        """
        self._require_same(known)
        banned = self._with(columns, known.banned)
        return known._replace(banned=banned, taken=known.taken | self._franchises(columns))

    def stored(
        self, payload: bytes, found: Layout, wanted: Wanted, allowed: bytes | None
    ) -> tuple[list[int], list[float], list[Because]]:
        """Columns, scores and reasons of what is shown of a stored list, in that order.

        Args:
            payload: the list.
            found: its layout.
            wanted: how it is wanted.
            allowed: one bit for each column, lowest first: whether it may be shown; None: all.

        Raises:
            PayloadError: it names a title that is not in the catalogue.
            ValueError: `allowed` is of fewer titles than the catalogue has, or `found` is the
                layout of something else.
        """
        titles = len(self._facts.adult)
        if allowed is not None and 8 * len(allowed) < titles:
            raise ValueError(f"what is allowed is of fewer than {titles} titles")
        self._check(payload, found)
        columns = ranking_codec.columns(payload, found, found.entries)
        self._require(columns)
        among: Sequence[int] = range(found.entries)
        if wanted.ruled:
            flags = ranking_codec.rules(payload, found)
            among = [at for at in among if not flags[at]]
        if allowed is not None:
            among = [at for at in among if allowed[columns[at] >> 3] >> (columns[at] & 7) & 1]
        levels = ranking_codec.levels(payload, found, found.entries)
        worth = [level - levels[-1] for level in levels]
        chosen = self._chosen(columns, worth, None, wanted, (), among)
        return ranking_codec.entries_at(payload, found, chosen)

    def read(
        self, payload: bytes, found: Layout, positions: Sequence[int]
    ) -> tuple[list[int], list[float], list[Because]]:
        """Columns, scores and reasons of the entries at some positions, in the order given.

        Raises:
            PayloadError: a position is beyond the last entry, or a title not in the catalogue.
            ValueError: `found` is the layout of something else.
        """
        self._check(payload, found)
        entries = ranking_codec.entries_at(payload, found, positions)
        self._require(entries[0])
        return entries

    def default(
        self, columns: Sequence[int], levels: Sequence[int], flags: Sequence[int]
    ) -> list[int]:
        """The positions that are shown of a list to whoever asks for nothing in particular.

        Args:
            columns: its entries, best first.
            levels: of each.
            flags: of each, as product_order.rules_of gives them.

        Raises:
            IndexError: a column is not in the catalogue.
            ValueError: there are more of one than of the other.
        """
        if not len(columns) == len(levels) == len(flags):
            raise ValueError("not one level and one flag for each column")
        worth = [level - levels[-1] for level in levels]
        return product_order.arrange(columns, worth, flags, self._facts)

    def arrange(
        self, columns: Sequence[int], scores: Sequence[float], known: Known, wanted: Wanted
    ) -> list[int]:
        """The positions that are shown of a ranking that is not somebody's own stored list.

        Args:
            columns: its entries, best first.
            scores: of each.
            known: of the person it is for.
            wanted: how it is wanted.

        Raises:
            IndexError: a column is not in the catalogue.
            ValueError: there are more of one than of the other, or what is known is of another
                catalogue.
        """
        self._require_same(known)
        if len(scores) != len(columns):
            raise ValueError("not one score for each column")
        among = [at for at, one in enumerate(columns) if not known.banned[one]]
        worth = [score - scores[-1] for score in scores]
        rules = product_order.rules_of(columns, known.started, known.dropped, self._facts)
        return self._chosen(columns, worth, rules, wanted, known.taken, among)

    def _with(self, columns: Sequence[int], banned: bytes) -> bytes:
        """Some more titles that must not come back."""
        found = bytearray(banned)
        for column in columns:
            found[column] = 1
        return bytes(found)

    def _franchises(self, columns: Sequence[int]) -> frozenset[int]:
        return frozenset([self._facts.franchise[one] for one in columns]) - {0}

    def _require_same(self, known: Known) -> None:
        if len(known.banned) != len(self._facts.adult):
            raise ValueError("what is known is of another catalogue")

    def _check(self, payload: bytes, found: Layout) -> None:
        if found.end != len(payload):
            raise ValueError("the layout is of another list")

    def _require(self, columns: Sequence[int]) -> None:
        titles = len(self._facts.adult)
        for column in columns:
            if column >= titles:
                raise PayloadError(f"the ranking names title {column} of {titles}")

    def _chosen(
        self,
        columns: Sequence[int],
        worth: Sequence[float],
        rules: Sequence[int] | None,
        wanted: Wanted,
        taken: frozenset[int] | tuple[()],
        among: Sequence[int],
    ) -> list[int]:
        facts, taste = self._facts, Taste(wanted.adult, wanted.niche)
        if wanted.ruled:
            return product_order.arrange(
                columns, worth, rules, facts, taste, taken, wanted.most, among
            )
        order, _ = product_order.lean(columns, worth, facts, taste, among)
        kept = [at for at in order if wanted.adult or not facts.adult[columns[at]]]
        return kept[: wanted.most]


def over(facts: Facts) -> Order:
    """Over the titles of one catalogue, by the compiled form where there was a compiler."""
    return fastest()(facts)


def fastest() -> type[Order]:
    """The same compiled, where there was a compiler."""
    try:
        from schemas._order import Order as Compiled
    except ModuleNotFoundError as error:
        if error.name != "schemas._order":
            raise
        return Order
    return Compiled
