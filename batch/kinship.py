"""Which titles are of one franchise: evidence from names, metadata and audiences. Pure.

High precision first: a wrong bond hides titles from people, a missing one shows two of a kind.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Final

from batch.title_words import (
    Words,
    head_of,
    is_crossover,
    shared_start,
    stem_of,
    telling_length,
    words_of,
)
from schemas.records import Anime

Pair = tuple[int, int]
"""Two columns, the lower first."""

Name = tuple[Words, Words]
"""The stem of a title's head, and of the whole title."""

NO_NAME: Final = -float("inf")

ENOUGH: Final = 2.5
"""Evidence from which two titles are of one franchise."""
_WHOLE: Final = (1.0, 2.0)
"""What it says that the whole name, or what stands before the colon, is the same: of one word,
and of more."""
_LEADING: Final = (-0.5, 1.0, 2.0)
"""What it says that one whole name begins the other: of one, two, and more words."""
_BEGINNING: Final = (-1.0, 0.0, 1.0)
"""What it says that both begin alike and go on differently."""
_TELLING_WORD: Final = -0.5
"""What a word says that one studio has nearly to itself, wherever it stands; and first words
that end alike."""
_LONG_ENDING: Final = 8
_SHORT_WORD: Final = 4
_SHORT_NAME: Final = -1.5
"""What is taken off for a name of one word of fewer letters than that."""
_AUDIENCE, _STUDIO, _SOURCE, _GENRES, _JAPANESE = 1.0, 1.0, 0.5, 0.5, 1.0
"""What agreement in each of these adds; the audience counts for each of the two titles."""
_MOST: Final = _STUDIO + _SOURCE + _GENRES + _JAPANESE
_JAPANESE_START: Final = 5
"""Characters that two Japanese titles must begin with alike."""
_OWNED_SHARE: Final = 0.5
_TELLING_LETTERS: Final = 4


@dataclass(frozen=True, slots=True)
class Facts:
    """What is compared of one title.

    `name` is the head and the whole stem of the title, `english` those of the English title;
    `words` are those of the title.
    """

    name: Name
    english: Name | None
    words: frozenset[str]
    japanese: str
    studios: frozenset[str]
    source: str
    genres: frozenset[str]
    crossover: bool

    @classmethod
    def of(cls, anime: Anime) -> "Facts":
        english = anime.title_english
        return cls(
            (head_of(anime.title), stem_of(anime.title)),
            (head_of(english), stem_of(english)) if english else None,
            frozenset(words_of(anime.title)),
            anime.title_japanese,
            frozenset(anime.studios),
            anime.source,
            frozenset(anime.genres),
            is_crossover(anime.title) or is_crossover(english),
        )


def bonds(catalogue: Sequence[Anime], near: Mapping[Pair, int]) -> Iterator[Pair]:
    """Pairs of titles that are of one franchise; a chain of bonds makes a franchise.

    Args:
        catalogue: in column order.
        near: for pairs that audiences connect, how many of the two have the other among their
            closest; titles that nobody rated are in none.
    """
    facts = [Facts.of(anime) for anime in catalogue]
    telling = telling_words(facts)
    for one, other in sorted({*near, *_alike_in_beginning(facts)}):
        closeness = near.get((one, other), 0)
        if evidence(facts[one], facts[other], telling, closeness) >= ENOUGH:
            yield one, other


def _alike_in_beginning(facts: Sequence[Facts]) -> Iterator[Pair]:
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for column, one in enumerate(facts):
        for word in {part[0] for name in (one.name, one.english) if name for part in name}:
            groups[word].append(column)
    for columns in groups.values():
        yield from combinations(columns, 2)


def telling_words(facts: Iterable[Facts]) -> frozenset[str]:
    """Words of which one studio made half of the titles that have them, at least three."""
    titles: Counter[str] = Counter()
    studios: Counter[tuple[str, str]] = Counter()
    for of_title in facts:
        words = [word for word in of_title.words if len(word) >= _TELLING_LETTERS]
        titles.update(words if of_title.studios else ())
        studios.update(product(words, of_title.studios))
    return frozenset(
        word
        for (word, _), made in studios.items()
        if made >= 3 and made >= _OWNED_SHARE * titles[word]
    )


def evidence(one: Facts, other: Facts, telling: Collection[str], near: int) -> float:
    """How much speaks for two titles being of one franchise; minus infinity: no name does."""
    said = _said(one.name, other.name)
    if one.english and other.english:
        in_english = _said(one.english, other.english)
        said = max(said, in_english if in_english > 0 else NO_NAME)  # "My ..." says nothing
    if near and said < _TELLING_WORD and _remind(one, other, telling):
        said = _TELLING_WORD
    if said == NO_NAME or said + _AUDIENCE * near + _MOST < ENOUGH:
        return said
    return said + _AUDIENCE * near + _agreement(one, other)


def _remind(one: Facts, other: Facts, telling: Collection[str]) -> bool:
    if one.crossover or other.crossover:
        return False
    if any(word in telling for word in one.words & other.words):
        return True
    return one.name[1][0][-_LONG_ENDING:] == other.name[1][0][-_LONG_ENDING:]


def _said(one: Name, other: Name) -> float:
    """What two names say."""
    (head, stem), (head_2, stem_2) = one, other
    shared = shared_start(stem, stem_2)
    said = min(telling_length(shared), 3)
    if not said:
        return NO_NAME
    whole = head if head in (head_2, stem_2) else stem if stem in (head_2, stem_2) else ()
    if whole:
        return _WHOLE[min(telling_length(whole), 2) - 1] + _SHORT_NAME * _is_short(whole)
    if shared in (stem, stem_2):
        return _LEADING[said - 1]
    return _BEGINNING[said - 1]


def _is_short(name: Words) -> bool:
    return len(name) == 1 and len(name[0]) < _SHORT_WORD


def _agreement(one: Facts, other: Facts) -> float:
    shared, either = len(one.genres & other.genres), len(one.genres | other.genres)
    start = one.japanese[:_JAPANESE_START]
    return (
        _STUDIO * bool(one.studios & other.studios)
        + _SOURCE * (one.source == other.source != "")
        + _GENRES * (2 * shared >= either > 0)
        + _JAPANESE * (len(start) == _JAPANESE_START and other.japanese.startswith(start))
    )
