"""Single files to and from a bucket: whole or not at all, and only where they differ."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path

from batch.storage.inventory import Entry, crc32c
from batch.storage.remote import Remote, Stored
from schemas.errors import ConflictError, StorageAwayError

log = logging.getLogger(__name__)


def fetch(remote: Remote, stored: Stored, path: Path) -> bool:
    """Download an object, unless the file is it already; returns whether it was downloaded.

    The file gets the object's time, so that what is newest locally is newest in the bucket.

    Raises:
        ConflictError: the object is of another version by now.
        StorageAwayError: what came is not what was sent.
    """
    if _entry(stored).lies_at(path):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        remote.download(stored, part)
        if not _entry(stored).lies_at(part):
            raise StorageAwayError(f"{remote.uri}/{stored.name} was damaged on its way")
        os.utime(part, (stored.updated, stored.updated))
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return True


def send(remote: Remote, path: Path, name: str, over: Stored | None) -> Stored:
    """Upload a file, unless the object is it already, also where another writer was faster.

    Raises:
        ConflictError: somebody else has written something else.
    """
    entry = Entry(name, path.stat().st_size, crc32c(path))
    if over is not None and entry.is_of(over):
        return over
    try:
        return remote.upload(path, name, over)
    except ConflictError:
        now = remote.find(name)
        if now is None or not entry.is_of(now):
            raise
        return now


def mirror_down(remote: Remote, wanted: Mapping[str, Stored], folder: Path) -> None:
    """Make the files of a folder exactly some objects; `wanted` is by name in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.is_file() and path.name not in wanted:
            path.unlink()
    fetched = [name for name, one in wanted.items() if fetch(remote, one, folder / name)]
    if fetched:
        log.info("fetched %d of %d files from %s", len(fetched), len(wanted), remote.uri)


def _entry(stored: Stored) -> Entry:
    return Entry(stored.name, stored.size, stored.crc32c)
