"""Lists to read: what ten users would get and why, and what ten titles resemble."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from batch.dataset import Dataset, Histories
from batch.evaluation.splits import everybody_of
from batch.evaluation.titles import NO_FRANCHISE, Titles
from batch.params import ListParams
from batch.rules import ProductRules
from batch.scoring import Model
from batch.statistics import TitleStatistics
from batch.title_lists import similar_lists
from batch.user_lists import user_lists
from schemas import ranking_codec
from schemas.records import Anime, Column, Entry, Ranking

Columns = NDArray[np.integer]

_USERS: Final = 10
_SHORTEST: Final = 5
_SHOWN: Final = 10
_FAVOURITES: Final = 6
_CLASSIC_BEFORE: Final = 1990
_NICHE: Final = (20, 60)
"""So many watchers has a title that few know, but enough to be judged by."""


@dataclass(frozen=True)
class Gallery:
    """A model with what it was trained on, to look lists up."""

    model: Model
    rules: ProductRules
    catalogue: Sequence[Anime]
    everybody: Histories
    lists: ListParams

    @property
    def watchers(self) -> NDArray[np.int64]:
        """Shape (anime,)."""
        return TitleStatistics.of(self.everybody, len(self.catalogue)).watchers


def gallery(model: Model, rules: ProductRules, dataset: Dataset, lists: ListParams) -> Gallery:
    """Read what a gallery needs."""
    return Gallery(model, rules, dataset.catalogue(), everybody_of(dataset), lists)


def examples(shown: Gallery) -> str:
    """Both kinds of lists as Markdown; users are numbered, not named."""
    return "\n".join(["# Lists to read\n", *_users(shown), "## Similar anime\n", *_titles(shown)])


def _users(shown: Gallery) -> Iterator[str]:
    yield (
        f"{_USERS} users from the shortest to the longest lists, and their first {_SHOWN} titles. "
        "In brackets what speaks most for a title, with its share of the linear leg's score.\n"
    )
    chosen = shown.everybody.only(typical_users(shown.everybody))
    payloads = list(user_lists(shown.model, shown.rules, chosen, shown.lists))
    for number, row in enumerate(np.argsort(np.diff(chosen.starts), kind="stable"), start=1):
        ranking = ranking_codec.decode(payloads[row])
        yield _user(shown.catalogue, number, chosen.block(row, row + 1), ranking)


def typical_users(everybody: Histories) -> NDArray[np.bool_]:
    """Users in the middle of each tenth of list lengths, shape (users,)."""
    lengths = np.diff(everybody.starts)
    long_enough = np.flatnonzero(lengths >= min(_SHORTEST, lengths.max()))
    order = long_enough[np.argsort(lengths[long_enough], kind="stable")]
    places = (np.arange(_USERS) + 0.5) / _USERS * len(order)
    chosen = np.zeros(len(everybody), bool)
    chosen[order[places.astype(int)]] = True
    return chosen


def _user(catalogue: Sequence[Anime], number: int, one: Histories, ranking: Ranking) -> str:
    best = one.columns[np.argsort(-one.ratings, kind="stable")[:_FAVOURITES]]
    likes = ", ".join(catalogue[column].title for column in best)
    head = f"**User {number}**, {len(one.columns)} titles, likes {likes}:\n"
    lines = (
        f"{place}. {catalogue[entry.column].title}{_because(catalogue, entry)}"
        for place, entry in enumerate(ranking[:_SHOWN], start=1)
    )
    return "\n".join([head, *lines, ""])


def _because(catalogue: Sequence[Anime], entry: Entry) -> str:
    because = ", ".join(f"{catalogue[one.column].title} {one.share:.0%}" for one in entry.reasons)
    return f" ({because})" if because else ""


def _titles(shown: Gallery) -> Iterator[str]:
    for kind, column in typical_titles(shown.catalogue, shown.watchers):
        place = int(shown.model.positions[column])
        (payload,) = similar_lists(shown.model, place, place + 1, shown.lists)
        alike = ranking_codec.decode(payload)[:_SHOWN]
        titles = ", ".join(shown.catalogue[entry.column].title for entry in alike)
        yield f"**{_described(shown.catalogue[column])}** ({kind}): {titles}.\n"


def likeness_of_cold(model: Model, titles: Titles, cold: Columns, lists: ListParams) -> str:
    """Say how like a title what is listed as similar to it is, once its ratings are hidden.

    Like is what belongs to its franchise or has at least half of its genres.

    Args:
        model: trained without these titles' ratings.
        titles: with franchises.
        cold: catalogue columns; of none there is nothing to say.
        lists: how many are listed.
    """
    if not len(cold):
        return ""
    places = (int(model.positions[column]) for column in cold)
    payloads = [next(similar_lists(model, place, place + 1, lists)) for place in places]
    first = [[one.column for one in ranking_codec.decode(one)[:_SHOWN]] for one in payloads]
    found = [_share(titles, column, alike) for column, alike in zip(cold, first, strict=True)]
    anybody = np.arange(model.anime)
    base = np.mean([_share(titles, column, np.delete(anybody, column)) for column in cold])
    return (
        f"## Similar anime of {len(cold)} titles whose ratings were hidden\n\n"
        f"Of the {_SHOWN} most similar titles {np.mean(found):.1%} belong to the franchise or have "
        f"at least half of the genres; of all titles {base:.1%} do.\n"
    )


def _share(titles: Titles, column: int, others: Sequence[int] | Columns) -> float:
    """Of some titles that are like one; 0 of none."""
    return float(like(titles, column, others).sum()) / max(len(others), 1)


def like(titles: Titles, column: int, others: Sequence[int] | Columns) -> NDArray[np.bool_]:
    """Which of some titles are of one title's franchise or have at least half of its genres."""
    genres = titles.genres
    own = genres[[column]]
    shared = (genres[others] @ own.T).toarray()[:, 0]
    found: NDArray[np.bool_] = (shared >= max(own.nnz, 1) / 2) & (own.nnz > 0)
    if titles.franchises is not None:
        of = titles.franchises
        found |= (of[others] == of[column]) & (of[column] != NO_FRANCHISE)
    return found


def _described(one: Anime) -> str:
    return f"{one.title}, {one.year}" if one.year else one.title


def typical_titles(
    catalogue: Sequence[Anime], watchers: NDArray[np.int64]
) -> list[tuple[str, Column]]:
    """Ten titles of many kinds, each the most watched of its kind that is not listed yet."""
    years = np.array([one.year or 0 for one in catalogue])
    types = np.array([one.type for one in catalogue])
    few = (watchers >= _NICHE[0]) & (watchers <= _NICHE[1])
    kinds = (
        ("a series that everybody knows", types == "TV"),
        ("a film", types == "Movie"),
        ("an old classic", (years > 0) & (years < _CLASSIC_BEFORE)),
        ("a romance", _has(catalogue, "Romance") & ~_has(catalogue, "Action")),
        ("about sports", _has(catalogue, "Sports")),
        ("slice of life", _has(catalogue, "Slice of Life") & ~_has(catalogue, "Romance")),
        ("for children", _has(catalogue, "Kids")),
        ("an OVA", types == "OVA"),
        ("few have seen it", few),
        ("brand-new, nobody has rated it", watchers == 0),
    )
    return list(_first_of_each(kinds, watchers, years))


def _first_of_each(
    kinds: Sequence[tuple[str, NDArray[np.bool_]]],
    watchers: NDArray[np.int64],
    years: NDArray[np.int64],
) -> Iterator[tuple[str, Column]]:
    """Ties, as of all that nobody has watched, go to the latest."""
    order = np.lexsort((-years, -watchers))
    taken: set[int] = set()
    for kind, fits in kinds:
        left = (int(one) for one in order[fits[order]] if int(one) not in taken)
        column = next(left, None)
        if column is not None:
            taken.add(column)
            yield kind, Column(column)


def _has(catalogue: Sequence[Anime], genre: str) -> NDArray[np.bool_]:
    return np.array([genre in one.genres for one in catalogue], bool)
