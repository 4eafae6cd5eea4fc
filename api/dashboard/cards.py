"""Titles as pages show them: facts, why they are there, and what they are called."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

from api.lines import Lines
from api.owned import Owned
from api.service import Answer, Source
from schemas.history_codec import RATING_MASK, STATUS_SHIFT
from schemas.ranking_codec import NO_COLUMN, NO_REASONS, SHARE_SCALE, Because
from schemas.records import Anime, Status


@dataclass(frozen=True, slots=True)
class Speaker:
    """A title that speaks for another one, and its share in percent."""

    anime: Anime
    percent: int


@dataclass(frozen=True, slots=True)
class Card:
    """One title of a list; `source` says where it came from."""

    anime: Anime
    source: Source
    because: tuple[Speaker, ...] = ()
    alike: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """A title that somebody knows; a rating of 0 is none."""

    anime: Anime
    rating: int
    status: str


def name_of(anime: Anime, titles: str) -> str:
    """What a title is called by those who like English names, or romaji."""
    return anime.title_english or anime.title if titles == "english" else anime.title


def cards(answer: Answer) -> list[Card]:
    """Everything an answer lists, best first."""
    parts = chain([(answer.source, answer.lines)], answer.more)
    anime = answer.loaded.catalogue.anime
    return [card for source, lines in parts for card in _of_lines(lines, source, anime)]


def alike(cards: Sequence[Card], subject: Anime) -> list[Card]:
    """The same cards, each with what its title shares with another one."""
    return [Card(one.anime, one.source, alike=_shared(one.anime, subject)) for one in cards]


def seen(theirs: Owned, anime: Sequence[Anime]) -> list[Seen]:
    """What somebody knows, best rated first."""
    found = [
        Seen(anime[column], mark & RATING_MASK, Status(mark >> STATUS_SHIFT).name.lower())
        for column, mark in zip(theirs.columns, theirs.marks, strict=True)
    ]
    return sorted(found, key=lambda one: (-one.rating, -one.anime.raters))


def _of_lines(lines: Lines, source: Source, anime: Sequence[Anime]) -> Iterator[Card]:
    reasons = chain(lines.reasons, repeat(NO_REASONS))
    for column, why in zip(lines.columns, reasons, strict=False):
        yield Card(anime[column], source, tuple(_because(why, anime)))


def _because(why: Because, anime: Sequence[Anime]) -> Iterator[Speaker]:
    first, share, second, other = why
    for column, part in ((first, share), (second, other)):
        if column != NO_COLUMN:
            yield Speaker(anime[column], round(100 * part / SHARE_SCALE))


def _shared(one: Anime, other: Anime) -> tuple[str, ...]:
    """What both have: studios first, since few titles share one, then genres."""
    studios = [name for name in one.studios if name in other.studios]
    genres = [name for name in one.genres if name in other.genres]
    return tuple([*studios, *genres][:4])
