"""A folder in a bucket, as the rest of storage sees it: objects, each with its generation."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of an object; `name` is below the folder, `crc32c` in base64 as Google shows it.

    `generation` names the version: whatever is written under the name has another one. `updated`
    is in seconds since 1970.
    """

    name: str
    generation: int
    size: int
    crc32c: str
    updated: float = 0.0


class Remote(Protocol):
    """Changes are conditional: nobody replaces or deletes what they have not seen.

    Everything may raise StorageAwayError (try again) and SettingsError (no such bucket, no right
    to do it).
    """

    @property
    def uri(self) -> str:
        """Its address, without a slash at the end."""
        ...

    def listed(self, below: str = "") -> dict[str, Stored]:
        """Objects by name, of those that begin with `below`."""
        ...

    def find(self, name: str) -> Stored | None:
        """An object as it is now."""
        ...

    def read(self, stored: Stored) -> bytes:
        """A small object, of this very version; ConflictError if it is gone."""
        ...

    def download(self, stored: Stored, path: Path) -> None:
        """An object of this very version, checksum verified; ConflictError if it is gone."""
        ...

    def upload(self, path: Path, name: str, over: Stored | None) -> Stored:
        """Write an object over the version `over`, or where None is; ConflictError otherwise."""
        ...

    def delete(self, stored: Stored) -> None:
        """Remove this very version, if it is still there; ConflictError if another one is."""
        ...
