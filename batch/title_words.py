"""Titles as words, without what tells one season, film or special from another. Pure."""

import re
import unicodedata
from typing import Final

Words = tuple[str, ...]

_WORD: Final = re.compile(r"\w+")
_NUMBER: Final = re.compile(r"\d+(?:st|nd|rd|th)?|s\d+|i{1,3}|iv|vi{0,3}|ix|xi{0,3}")
_MARKERS: Final = (
    "a an anime animation bonus chapter cm compilation cour digest drama dramas edition eiga "
    "epilogue episode episodes extra extras fifth film films final first fourth gekijouban hen "
    "kanketsu kouhen memorial mini movie movies new next oad omake ona onas ova ovas part parts "
    "picture pilot prologue pv recap recaps remix second season seasons series shin short shorts "
    "side sixth soushuuhen sp special specials stories story the theater third trailer trailers tv "
    "vol volume zenpen zoku"
)
_PARTICLES: Final = "and da de e ga in ka mo na ni no of on to wa wo ya zhi"
_MARKER_WORDS: Final = frozenset(_MARKERS.split())
_PARTICLE_WORDS: Final = frozenset(_PARTICLES.split())
_SEPARATOR: Final = re.compile(r": ?| [-–—~] |[(\[]")
_CROSSOVER: Final = re.compile(r"\b(?:vs|x|and|to)\b|×|&", re.IGNORECASE)
_SIDE: Final = re.compile(
    r"\b(?:recaps?|drama cd|soushuuhen|digest|specials?|picture dramas?|prologue|pilot|omake|"
    r"petit|pv|cm|mini|memorial|extras?|compilation|soushuu|tokubetsu|previews?|shorts?|remix|"
    r"reproduction|chibi|fan disc|all[ -]?stars?)\b"
)


def words_of(title: str) -> Words:
    """Lower-case words without accents, in order."""
    plain = unicodedata.normalize("NFKD", title.replace("'s", "s").replace("'", ""))
    kept = "".join(one for one in plain if not unicodedata.combining(one))
    return tuple(_WORD.findall(kept.lower().replace("_", " ")))


def stem_of(title: str) -> Words:
    """The words that name the work: what is left without seasons, parts, formats and numbers.

    A title of nothing else is its own stem, so a stem is never empty.
    """
    words = words_of(title)
    kept = tuple(one for one in words if one not in _MARKER_WORDS and not _NUMBER.fullmatch(one))
    return kept or words or (title,)


def head_of(title: str) -> Words:
    """The stem of what stands before a colon, a dash or a bracket."""
    head = _SEPARATOR.split(title, maxsplit=1)[0]
    return stem_of(head if words_of(head) else title)


def shared_start(one: Words, other: Words) -> Words:
    """The words with which both begin."""
    n = 0
    while n < min(len(one), len(other)) and one[n] == other[n]:
        n += 1
    return one[:n]


def telling_length(words: Words) -> int:
    """How many words there are beside particles; at least one where there is any word."""
    return max(sum(word not in _PARTICLE_WORDS for word in words), min(len(words), 1))


def is_crossover(title: str) -> bool:
    """Whether a title may name two works that meet."""
    return bool(_CROSSOVER.search(title))


def names_a_side_entry(title: str) -> bool:
    """Whether a title says that it is a recap, a special or the like."""
    return bool(_SIDE.search(title.lower()))
