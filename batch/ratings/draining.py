"""From the stream to files, each entry once: what a refresh does before it reads the data."""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, cast

from redis import Redis

from batch.ratings import files
from batch.ratings.files import Drained, drained_in
from schemas import keys
from schemas.errors import PayloadError, SettingsError
from schemas.forgetting import Forgotten
from schemas.ratings import entry_id, read_fields
from schemas.records import UserId
from schemas.store.waiting import Entry, bury

log = logging.getLogger(__name__)

_PAGE: Final = 5_000
_ROWS_PER_FILE: Final = 1_000_000

_Page = list[tuple[bytes, dict[bytes, bytes]]]


def drain(
    ratings: Redis, folder: Path, known: tuple[int, int], most: int = _ROWS_PER_FILE
) -> Drained:
    """Put what the files do not have yet into new ones. Nothing is trimmed.

    Wherever a run is killed, the next one goes on behind the last file that is whole.

    Args:
        ratings: where the stream is.
        folder: of the files.
        known: the last entry that any stored generation knows; the stream may have been trimmed
            up to it.
        most: rows in one file.

    Raises:
        SettingsError: the files end before `known`: ratings would be lost without a word.
        VerificationError: a file is not what was written.
    """
    found = drained_in(folder)
    if found.watermark < known:
        raise SettingsError(
            f"{folder} ends at {_text(found.watermark)}, but published lists know ratings up to "
            f"{_text(known)}: --artifacts must be the folder of the refreshes before, or have a "
            "copy of its ratings"
        )
    newest = cast(_Page, ratings.xrevrange(keys.STREAM, count=1))
    if newest:
        _to_files(ratings, folder, found.watermark, newest[0][0].decode(), most)
    return drained_in(folder)


def erase_forgotten(drained: Drained, markers: Mapping[UserId, Forgotten]) -> None:
    """Take out of the files what users had rated before they asked to be forgotten."""
    if not markers:
        return
    lasts = [marker.last for marker in markers.values()]
    for path in drained.files:
        erased = files.without(path, list(markers), lasts)
        if erased:
            log.info("erased %d ratings of forgotten users from %s", erased, path.name)


def _to_files(ratings: Redis, folder: Path, after: tuple[int, int], until: str, most: int) -> None:
    rows: list[tuple[int, ...]] = []
    last = after
    for entry, said in _entries(ratings, _text(after), until):
        row = _row(ratings, entry, said)
        if row is None:
            continue
        rows.append(row)
        last = (row[0], row[1])
        if len(rows) == most:
            files.write(folder, rows, last)
            rows = []
    if rows:
        path = files.write(folder, rows, last)
        log.info("drained %d ratings, the last ones to %s", len(rows), path.name)


def _entries(ratings: Redis, after: str, until: str) -> Iterator[tuple[bytes, dict[bytes, bytes]]]:
    while page := cast(_Page, ratings.xrange(keys.STREAM, f"({after}", until, count=_PAGE)):
        yield from page
        after = page[-1][0].decode()


def _row(ratings: Redis, entry: bytes, said: dict[bytes, bytes]) -> tuple[int, ...] | None:
    """In the order of files.SCHEMA; None for what is no rating, which becomes a dead letter."""
    try:
        found = read_fields(said)
    except PayloadError as error:
        log.error("entry %s is no rating: %s", entry.decode(), error)
        bury(ratings, Entry(entry.decode(), said), str(error))
        return None
    return (*entry_id(entry), found.user_id, found.anime_id, found.rating, int(found.status))


def _text(entry: tuple[int, int]) -> str:
    return "{}-{}".format(*entry)
