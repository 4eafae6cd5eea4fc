"""Covers without pictures: a title's own letters, in colours and a pattern that follow from it."""

import re
import zlib
from dataclasses import dataclass
from typing import Final

from schemas.records import Anime

HUES: Final = 24
PATTERNS: Final = 6
_LONGEST: Final = 22
_SIZES: Final = ((3, "xl"), (6, "l"), (11, "m"), (14, "s"), (_LONGEST, "xs"))
_LEADING_ON: Final = frozenset({
    "a", "an", "and", "are", "at", "by", "for", "from", "in", "is", "my", "of", "on", "or", "the",
    "to", "was", "with", "ga", "kara", "na", "ni", "no", "o", "wa", "wo",
})  # fmt: skip
"""Words that lead on to another one: no cover ends with them."""
_UPRIGHT: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_SPLIT: Final = re.compile(r"[\s:;,.!?~\-–—/()（）×&☆★♪！？：\[\]\"“”「」『』【】・]+")


@dataclass(frozen=True, slots=True)
class Cover:
    """`words` are written from top to bottom if they stand `upright`; the rest names CSS classes:
    `hue` below HUES, `pattern` below PATTERNS, `size` from xs to xl.
    """

    words: str
    upright: bool
    size: str
    hue: int
    pattern: int


def cover(anime: Anime) -> Cover:
    """The cover of a title: always the same one."""
    number = zlib.crc32(anime.title.encode())
    hue, pattern = number % HUES, number // HUES % PATTERNS
    if _UPRIGHT.search(anime.title_japanese):
        words = _short(_japanese(anime.title_japanese))
        return Cover(words, True, _size(len(words)), hue, pattern)
    words = _short(anime.title_english or anime.title)
    longest = max((len(one) for one in words.split()), default=0)
    return Cover(words, False, _size(max(longest, len(words) // 2)), hue, pattern)


def _japanese(title: str) -> str:
    """A title without what is repeated in Latin letters."""
    return " ".join(word for word in _SPLIT.split(title) if _UPRIGHT.search(word))


def _short(title: str) -> str:
    """The first words, as many as there is room for."""
    words = [word for word in _SPLIT.split(title) if word] or [title]
    shown = [words[0][:_LONGEST]]
    for word in words[1:]:
        if len(" ".join(shown)) + 1 + len(word) > _LONGEST:
            while len(shown) > 1 and shown[-1].lower() in _LEADING_ON:
                shown.pop()
            break
        shown.append(word)
    return " ".join(shown)


def _size(letters: int) -> str:
    return next((name for most, name in _SIZES if letters <= most), "xs")
