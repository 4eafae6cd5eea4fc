"""Pure: one catalogue row of either layout becomes a title, with Kaggle's spellings undone."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

UNKNOWN: Final = "Unknown"
_ENTITY: Final = re.compile(r"&(?:#\d+|#[xX][\da-fA-F]+|[A-Za-z]\w*);")
_YEAR: Final = re.compile(r"\b(?:1[89]|20)\d\d\b")
SYNONYMS: Final = ("Synonyms", "Other names", "Other name", "title_synonyms")
_NO_SYNOPSIS: Final = "No synopsis"
_MAX_EPISODES: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Title:
    """One row of catalogue.parquet; fields are its columns. Unknown: "", None or ()."""

    anime_id: int
    title: str
    title_english: str
    title_japanese: str
    synonyms: tuple[str, ...]
    type: str
    year: int | None
    episodes: int | None
    genres: tuple[str, ...]
    studios: tuple[str, ...]
    source: str
    adult: bool
    themes: tuple[str, ...]
    demographics: tuple[str, ...]
    tags: tuple[str, ...]
    synopsis: str


@dataclass(frozen=True, slots=True)
class Spelling:
    """What a layout calls the columns that have a name of their own in each."""

    anime_id: str
    title: str
    type: str
    episodes: str
    genres: str


KAGGLE_2020: Final = Spelling("MAL_ID", "Name", "Type", "Episodes", "Genres")
KAGGLE_2016: Final = Spelling("anime_id", "name", "type", "episodes", "genre")


def title_of(
    anime_id: int, row: Mapping[str, str], spelling: Spelling,
    extra: Mapping[str, str], synopsis: str,
) -> Title:  # fmt: skip
    """Read a catalogue row; `extra` is the row of the tags file, empty if there is none."""
    genres = names(row.get(spelling.genres))
    return Title(
        anime_id=anime_id,
        title=unescape(row[spelling.title]),
        title_english=unescape(known(row.get("English name"))),
        title_japanese=unescape(known(row.get("Japanese name"))),
        synonyms=synonyms_of(row),
        type=known(row.get(spelling.type)),
        year=year_of(row.get("Aired")) or year_of(row.get("Premiered")),
        episodes=episodes_of(row.get(spelling.episodes)),
        genres=genres,
        studios=names(row.get("Studios")),
        source=known(row.get("Source")),
        adult="Hentai" in genres or row.get("Rating", "").startswith("Rx"),
        themes=names(extra.get("Themes")),
        demographics=names(extra.get("Demographics")),
        tags=names(extra.get("Tags")),
        synopsis="" if synopsis.startswith(_NO_SYNOPSIS) else known(synopsis),
    )


def known(text: str | None) -> str:
    return "" if text is None or text == UNKNOWN else text


def names(text: str | None) -> tuple[str, ...]:
    """Split a comma-separated list; each name once, in order."""
    parts = (part.strip() for part in (text or "").split(","))
    return tuple(dict.fromkeys(part for part in parts if known(part)))


def synonyms_of(row: Mapping[str, str]) -> tuple[str, ...]:
    """Other names; data sets made after Kaggle's have them under one of several headings."""
    return tuple(unescape(name) for heading in SYNONYMS for name in names(row.get(heading)))


def unescape(text: str) -> str:
    """Undo complete HTML entities only: "R&D" and "AT&T" are names."""
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text).strip()


def year_of(text: str | None) -> int | None:
    """The year something began, in "Apr 3, 1998 to Apr 24, 1999" or "Spring 1998"."""
    found = _YEAR.search((text or "").partition(" to ")[0])
    return int(found[0]) if found else None


def episodes_of(text: str | None) -> int | None:
    digits = (text or "").removesuffix(".0")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > len(str(_MAX_EPISODES)):
        return None
    episodes = int(digits)
    return episodes if 0 < episodes <= _MAX_EPISODES else None
