"""Which files belong together, with sizes and checksums: written last, it makes them one whole."""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import google_crc32c

from batch.storage.remote import Stored
from schemas import documents
from schemas.errors import PayloadError

SEAL: Final = "inventory.json"
"""Of an artifact in a bucket: without it, there is no artifact."""
ANNOUNCEMENT: Final = "dataset.json"
"""Of a data set, local or in a bucket: what announces it."""
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """A file; `name` has slashes, `crc32c` is in base64 as Google shows it."""

    name: str
    size: int
    crc32c: str

    def is_of(self, stored: Stored | None) -> bool:
        """Whether an object has this content."""
        return stored is not None and (stored.size, stored.crc32c) == (self.size, self.crc32c)

    def lies_at(self, path: Path) -> bool:
        """Whether a file has this content."""
        return path.is_file() and path.stat().st_size == self.size and crc32c(path) == self.crc32c


@dataclass(frozen=True, slots=True)
class Inventory:
    """Files in the order of their names; `created` is a time in ISO 8601."""

    files: tuple[Entry, ...]
    created: str

    def text(self) -> str:
        return json.dumps(asdict(self) | {"version": 1}, indent=2) + "\n"

    def strangers(self, there: Mapping[str, Stored], below: str = "") -> list[str]:
        """Names of files whose objects are missing or have another content."""
        return [one.name for one in self.files if not one.is_of(there.get(below + one.name))]


def read(text: bytes) -> Inventory:
    """An inventory as it was written.

    Raises:
        PayloadError: it is none.
    """
    found = documents.read_object("inventory", text)
    try:
        files = tuple(Entry(str(one["name"]), int(one["size"]), str(one["crc32c"]))
                      for one in found["files"])  # fmt: skip
        return Inventory(files, str(found["created"]))
    except (KeyError, TypeError, ValueError) as error:
        raise PayloadError(f"not an inventory of files: {error!r}") from error


def of_files(folder: Path, paths: Iterable[Path], created: str) -> Inventory:
    """Of some files below a folder."""
    names = sorted((path.relative_to(folder).as_posix(), path) for path in paths)
    entries = (Entry(name, path.stat().st_size, crc32c(path)) for name, path in names)
    return Inventory(tuple(entries), created)


def of_objects(there: Iterable[Stored], created: str) -> Inventory:
    """Of some objects."""
    entries = (Entry(one.name, one.size, one.crc32c) for one in there)
    return Inventory(tuple(sorted(entries, key=lambda one: one.name)), created)


def crc32c(path: Path) -> str:
    """A checksum as Cloud Storage keeps it of every object."""
    checksum = google_crc32c.Checksum()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            checksum.update(chunk)
    return base64.b64encode(checksum.digest()).decode()
