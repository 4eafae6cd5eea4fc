"""Reads somebody's exported list: MyAnimeList's XML, AniList's JSON, or CSV; any of them gzipped.

Whatever comes may be hostile: sizes are bounded before and after unpacking, XML may declare nothing
and is never held as a tree. Nothing is kept.
"""

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from api.bodies import MAX_TITLES, GivenTitle, StatusName
from schemas.errors import InvalidParameterError
from schemas.records import MAX_ANIME_ID, AnimeId

MAX_UNPACKED: Final = 8 * 1024 * 1024
"""Bytes of a list: MyAnimeList writes about 800 for a title."""
_GZIP: Final = b"\x1f\x8b"
_DEPTH: Final = 8
_LONGEST: Final = 200
_FORMATS: Final = "a MyAnimeList export (.xml or .xml.gz), an AniList export (.json) or a CSV"
_NAMES: Final[Mapping[StatusName, tuple[str, ...]]] = {
    "watching": ("watching", "current", "1"),
    "completed": ("completed", "repeating", "2"),
    "on_hold": ("on-hold", "on_hold", "on hold", "paused", "3"),
    "dropped": ("dropped", "4"),
    "planned": ("planned", "planning", "plan to watch", "plan_to_watch", "6"),
}
_STATUSES: Final = {name: status for status, names in _NAMES.items() for name in names}
_IDS: Final = ("anime_id", "mal_id", "series_animedb_id", "idmal", "id")
_RATINGS: Final = ("rating", "score", "my_score")
_STATUS_NAMES: Final = ("status", "my_status", "watching_status")
_DECIMAL: Final = re.compile(r"[0-9]{1,2}(?:\.[0-9]{1,4})?", re.ASCII)
_UNRATED: Final = ("", "0", "-1", "-")
_SCALES: Final = {"POINT_100": 10.0, "POINT_5": 0.5, "POINT_3": 0.3}
"""AniList's ways to rate, as what makes 10 of the highest one."""


class ListRefusedError(InvalidParameterError):
    """A file that is not a list we can read; the message is for whoever sent it."""


@dataclass(frozen=True, slots=True)
class Imported:
    """`titles` by anime id; `passed_over` entries could not be used, `odd` ratings are none."""

    titles: tuple[GivenTitle, ...]
    kind: str
    passed_over: int
    odd: int


Row = tuple[str, str, str]
"""Anime id, rating and status as they are written; "" where there is none."""


def read_list(data: bytes) -> Imported:
    """Read a list of any kind that we know.

    Raises:
        ListRefusedError: it is none, damaged, too large, or has no title in it.
    """
    plain = _unpacked(data).removeprefix(b"\xef\xbb\xbf").lstrip()
    if not plain:
        raise ListRefusedError(f"The file is empty. Send {_FORMATS}.")
    kind, rows = _rows(plain)
    titles: dict[int, GivenTitle] = {}
    passed_over = odd = 0
    for row in rows:
        title = _title(row)
        if title is None:
            passed_over += 1
        else:
            titles[title["anime_id"]] = title
            odd += "rating" not in title and row[1].strip() not in _UNRATED
        if len(titles) > MAX_TITLES:
            raise ListRefusedError(f"The list has more than {MAX_TITLES} titles.")
    if not titles:
        raise ListRefusedError(f"No anime was found in this {kind} file. Send {_FORMATS}.")
    return Imported(tuple(titles.values()), kind, passed_over, odd)


def _rows(plain: bytes) -> tuple[str, Iterable[Row]]:
    if plain.startswith(b"<"):
        return "MyAnimeList", _of_xml(plain)
    if plain.startswith((b"{", b"[")):
        return "AniList", _of_json(plain)
    return "CSV", _of_csv(plain)


def _unpacked(data: bytes) -> bytes:
    if not data.startswith(_GZIP):
        return data
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            plain = packed.read(MAX_UNPACKED + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ListRefusedError("The .gz file is damaged. Export the list again.") from error
    if len(plain) > MAX_UNPACKED:
        raise ListRefusedError(f"The list unpacks to more than {MAX_UNPACKED >> 20} MB.")
    return plain


@dataclass(slots=True)
class _Animes:
    """What the XML parser tells: the texts of the fields of each <anime>."""

    rows: list[Row] = field(default_factory=list)
    depth: int = 0
    texts: dict[str, str] = field(default_factory=dict)
    name: str = ""

    def start(self, tag: str, _attributes: object) -> None:
        self.depth += 1
        if self.depth > _DEPTH or len(tag) > _LONGEST:
            raise ListRefusedError("The XML is not a MyAnimeList export: it is nested too deeply.")
        self.name = tag
        if tag == "anime":
            self.texts = {}

    def data(self, text: str) -> None:
        if self.name in ("series_animedb_id", "my_score", "my_status"):
            self.texts[self.name] = (self.texts.get(self.name, "") + text)[:_LONGEST]

    def end(self, tag: str) -> None:
        self.depth -= 1
        self.name = ""
        if tag == "anime":
            read = self.texts.get
            row = read("series_animedb_id", ""), read("my_score", ""), read("my_status", "")
            self.rows.append(row)

    def close(self) -> None:
        """Everything was told."""


def _of_xml(plain: bytes) -> list[Row]:
    found = _Animes()
    parser = DefusedXMLParser(target=found, forbid_dtd=True)
    try:
        parser.feed(plain)
        parser.close()
    except DefusedXmlException as error:
        said = "The XML declares entities or a document type, which lists never do: it was not read"
        raise ListRefusedError(f"{said}.") from error
    except (ParseError, ValueError, LookupError) as error:
        raise ListRefusedError(f"The XML is damaged: {str(error)[:_LONGEST]}.") from error
    return found.rows


def _of_json(plain: bytes) -> Iterator[Row]:
    try:
        found = json.loads(plain)
    except (ValueError, RecursionError) as error:
        raise ListRefusedError(f"The JSON is damaged: {str(error)[:_LONGEST]}.") from error
    entries = [entry for entry in _entries(found) if _is_anime(entry)]
    numbers = [_mal_id(entry) for entry in entries]
    if entries and not any(numbers):
        raise ListRefusedError(
            "This AniList export names titles by AniList's own numbers. Send one whose media have "
            "idMal, or export the list for MyAnimeList."
        )
    scale = _scale(found, entries)
    for number, entry in zip(numbers, entries, strict=True):
        yield number, _rescaled(entry.get("score"), scale), _text(entry.get("status"))


def _mal_id(entry: Mapping[str, object]) -> str:
    return _text(_inside(entry, "media").get("idMal") or entry.get("idMal"))


def _entries(found: object) -> Iterator[Mapping[str, object]]:
    """The entries of all lists, wherever AniList puts them."""
    for holder in _holders(found):
        lists = holder.get("lists")
        for one in lists if isinstance(lists, list) else [holder]:
            entries = _inside_list(one)
            yield from (entry for entry in entries if isinstance(entry, dict))


def _inside_list(one: object) -> list[object]:
    """The entries of one list, or an entry that stands for itself."""
    if not isinstance(one, dict):
        return []
    entries = one.get("entries")
    return entries if isinstance(entries, list) else [one] if "status" in one else []


def _holders(found: object) -> list[Mapping[str, object]]:
    """Where lists, and who they are of, may be said."""
    if isinstance(found, list):
        return [{"lists": found}]
    if not isinstance(found, dict):
        return []
    data = _inside(found, "data")
    return [found, _inside(found, "MediaListCollection"), _inside(data, "MediaListCollection")]


def _is_anime(entry: Mapping[str, object]) -> bool:
    kind = _inside(entry, "media").get("type", entry.get("series_type", "ANIME"))
    return kind in ("ANIME", 0)


def _scale(found: object, entries: Iterable[Mapping[str, object]]) -> float:
    """What scores are divided by to make them at most 10."""
    for holder in _holders(found):
        user = _inside(holder, "user")
        options = _inside(user, "mediaListOptions")
        said = options.get("scoreFormat") or user.get("scoreFormat")
        if said:
            return _SCALES.get(str(said), 1.0)
    scores = [_number(entry.get("score")) for entry in entries]
    return 10.0 if max(scores, default=0.0) > 10 else 1.0


def _rescaled(score: object, scale: float) -> str:
    value = _number(score)
    return str(min(max(round(value / scale), 1), 10)) if value > 0 else ""


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and 0 <= value <= 100 else 0.0


def _inside(record: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = record.get(name)
    return found if isinstance(found, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def _of_csv(plain: bytes) -> Iterator[Row]:
    try:
        text = plain.decode()
    except UnicodeDecodeError as error:
        raise ListRefusedError(f"The file is neither text nor gzip. Send {_FORMATS}.") from error
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        at = _place(header, _IDS)
        if at is None:
            raise ListRefusedError(
                f"The CSV needs a column {' or '.join(_IDS[:2])} in its first line, found "
                f"{', '.join(name[:20] for name in header[:8]) or 'nothing'}."
            )
        rating, status = _place(header, _RATINGS), _place(header, _STATUS_NAMES)
        for row in reader:
            if row:
                yield _cell(row, at), _cell(row, rating), _cell(row, status)
    except csv.Error as error:
        raise ListRefusedError(f"The CSV is damaged at line {reader.line_num}: {error}.") from error


def _place(header: list[str], names: Iterable[str]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def _cell(row: list[str], at: int | None) -> str:
    return row[at] if at is not None and at < len(row) else ""


def _title(row: Row) -> GivenTitle | None:
    """An entry that can be used; an unknown status is none, as is a rating that is odd."""
    anime_id, rating, status = (text.strip().lower() for text in row)
    number = int(anime_id) if _is_whole(anime_id, 10) else 0
    if not 1 <= number <= MAX_ANIME_ID:
        return None
    title = GivenTitle(anime_id=AnimeId(number))
    if _DECIMAL.fullmatch(rating) and 1 <= float(rating) <= 10:
        title["rating"] = int(float(rating) + 0.5)
    if status in _STATUSES:
        title["status"] = _STATUSES[status]
    return title


def _is_whole(text: str, digits: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= digits
