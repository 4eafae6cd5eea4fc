"""A data set as it was announced, or as it lies there: what a refresh is to read, complete."""

import os
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from batch.ingest.sources import format_of
from batch.storage import inventory
from batch.storage.inventory import ANNOUNCEMENT, Inventory
from batch.storage.remote import Remote, Stored
from batch.storage.transfer import mirror_down, send
from schemas.errors import DataRefusedError, PayloadError, TryAgainError


def fetch(remote: Remote, folder: Path) -> str:
    """Make a local folder the data set of a bucket; returns the version of its announcement.

    Where it was announced, only the files that the announcement names are taken, else all tables
    at the top of the folder; the version is empty then.

    Raises:
        DataRefusedError: there is no table, or the announcement cannot be read.
        TryAgainError: the files are not, or not yet, those that were announced.
    """
    there = {name: one for name, one in remote.listed().items() if "/" not in name}
    announced = there.get(ANNOUNCEMENT)
    if announced:
        wanted = _announced(remote, announced, there)
    else:
        wanted = {name: one for name, one in there.items() if format_of(Path(name))}
    if not wanted:
        raise DataRefusedError(f"{remote.uri} holds no .csv, .csv.gz or .parquet file")
    mirror_down(remote, wanted, folder)
    return str(announced.generation) if announced else ""


def version_of(folder: Path) -> str:
    """The version of a local folder's announcement, empty where there is none.

    Raises:
        DataRefusedError: the announcement cannot be read.
        TryAgainError: the files are not, or not yet, those that were announced.
    """
    path = folder / ANNOUNCEMENT
    if not path.is_file():
        return ""
    said = _read(path.read_bytes(), str(path))
    changed = [one.name for one in said.files if not one.lies_at(folder / one.name)]
    _require_none(changed, str(folder))
    return local_version(path)


def local_version(announcement: Path) -> str:
    """What tells one announcement from another: its checksum, since a file has no generation."""
    return inventory.crc32c(announcement)


def current_version(remote: Remote | None, folder: Path) -> str | None:
    """The version of what is announced now, in a bucket or else in a local folder."""
    if remote is not None:
        found = remote.find(ANNOUNCEMENT)
        return str(found.generation) if found else None
    path = folder / ANNOUNCEMENT
    return local_version(path) if path.is_file() else None


def announce(folder: Path) -> Path:
    """Say that a local folder is a complete data set; returns the announcement's path."""
    tables = [path for path in folder.iterdir() if path.is_file() and format_of(path)]
    said = inventory.of_files(folder, tables, _now())
    part = folder / f".{ANNOUNCEMENT}.{os.getpid()}.part"
    part.write_text(said.text(), encoding="utf-8")
    return part.replace(folder / ANNOUNCEMENT)


def announce_remote(remote: Remote) -> str:
    """Say that a folder of a bucket is a complete data set; returns the announcement's address.

    Raises:
        DataRefusedError: there is no table.
        ConflictError: somebody else announces it at the same time.
    """
    there = {name: one for name, one in remote.listed().items() if "/" not in name}
    tables = [one for name, one in there.items() if format_of(Path(name))]
    if not tables:
        raise DataRefusedError(f"{remote.uri} holds no .csv, .csv.gz or .parquet file")
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / ANNOUNCEMENT
        path.write_text(inventory.of_objects(tables, _now()).text(), encoding="utf-8")
        send(remote, path, ANNOUNCEMENT, there.get(ANNOUNCEMENT))
    return f"{remote.uri}/{ANNOUNCEMENT}"


def _announced(remote: Remote, announced: Stored, there: Mapping[str, Stored]) -> dict[str, Stored]:
    said = _read(remote.read(announced), f"{remote.uri}/{ANNOUNCEMENT}")
    _require_none(said.strangers(there), remote.uri)
    return {one.name: there[one.name] for one in said.files}


def _read(text: bytes, address: str) -> Inventory:
    try:
        said = inventory.read(text)
    except PayloadError as error:
        raise DataRefusedError(f"{address}: {error}") from error
    astray = [one.name for one in said.files if Path(one.name).name != one.name]
    if astray:
        raise DataRefusedError(f"{address} names files of other folders: {astray[0]}")
    return said


def _require_none(changed: list[str], address: str) -> None:
    if changed:
        raise TryAgainError(
            f"{address}: {changed[0]} is not what {ANNOUNCEMENT} says; the data set is being "
            f"replaced, or `anirec announce --data {address}` is due"
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
