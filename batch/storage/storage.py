"""Where the local folders of a run come from and go to: nowhere, or to Cloud Storage."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from batch.storage import data, whole
from batch.storage.remote import Remote, Stored
from batch.storage.transfer import mirror_down, send

Seen = Mapping[str, Stored]
"""Objects by name below the artifacts, as they were when a folder was fetched."""


@dataclass(frozen=True, slots=True)
class Storage:
    """Local folders and the remotes they stand for; without a remote, the folder is the thing.

    Each method then does nothing. Names are below `artifacts`, such as `models/0123456789abcdef`.
    """

    artifacts: Path = Path()
    artifacts_remote: Remote | None = None
    data_remote: Remote | None = None

    def fetch_data(self, folder: Path) -> str:
        """Have the data set complete in its folder; returns what it is: address and version.

        Raises:
            DataRefusedError, TryAgainError: see batch.storage.data.
        """
        if self.data_remote is None:
            return described(str(folder.absolute()), data.version_of(folder))
        return described(self.data_remote.uri, data.fetch(self.data_remote, folder))

    def fetch(self, artifact: str) -> bool:
        """Have an artifact, if the bucket has it; returns whether it does."""
        remote = self.artifacts_remote
        return remote is not None and whole.fetch(remote, artifact, self.artifacts / artifact)

    def publish(self, artifact: str) -> None:
        """Keep an artifact."""
        if self.artifacts_remote is not None:
            whole.publish(self.artifacts_remote, self.artifacts / artifact, artifact)

    def prune(self, kind: str, kept: Collection[str], most: int) -> list[str]:
        """Remove artifacts of the bucket, such as models, see batch.storage.whole.

        `kept` are names such as `models/0123456789abcdef`; local folders are the caller's.
        """
        if self.artifacts_remote is None:
            return []
        return whole.prune(self.artifacts_remote, kind, kept, most, time.time())

    def newest(self, kind: str) -> list[str]:
        """Artifacts of the bucket, such as all models, the newest first."""
        return whole.newest(self.artifacts_remote, kind) if self.artifacts_remote else []

    def fetch_newest(self, kind: str) -> None:
        """Have the newest artifact of a kind, for whoever looks through the local ones."""
        for name in self.newest(kind)[:1]:
            self.fetch(name)

    def fetch_files(self, folder: str) -> Seen:
        """Make a local folder exactly what the bucket has; what only lies here is deleted."""
        if self.artifacts_remote is None:
            return {}
        seen = self._files(self.artifacts_remote, folder)
        wanted = {name.removeprefix(f"{folder}/"): one for name, one in seen.items()}
        mirror_down(self.artifacts_remote, wanted, self.artifacts / folder)
        return seen

    def keep_files(self, folder: str, seen: Seen) -> None:
        """Make the bucket what the local folder has become since `fetch_files` gave `seen`.

        Raises:
            ConflictError: somebody else has changed it meanwhile.
        """
        if self.artifacts_remote is None:
            return
        kept = {f"{folder}/{path.name}": path for path in self._local(folder)}
        for name, path in kept.items():
            send(self.artifacts_remote, path, name, seen.get(name))
        for name in seen.keys() - kept.keys():
            self.artifacts_remote.delete(seen[name])

    def add_files(self, folder: str) -> None:
        """Keep what lies in a local folder; nothing in the bucket is deleted."""
        if self.artifacts_remote is None:
            return
        there = self._files(self.artifacts_remote, folder)
        for path in self._local(folder):
            name = f"{folder}/{path.name}"
            send(self.artifacts_remote, path, name, there.get(name))

    def address(self, path: Path) -> str:
        """Where others find a local file of the artifacts."""
        if self.artifacts_remote is None:
            return str(path)
        return f"{self.artifacts_remote.uri}/{path.relative_to(self.artifacts).as_posix()}"

    def _local(self, folder: str) -> list[Path]:
        found = (self.artifacts / folder).glob("*")
        return sorted(path for path in found if path.is_file() and not path.name.startswith("."))

    @staticmethod
    def _files(remote: Remote, folder: str) -> dict[str, Stored]:
        """Objects right in a folder."""
        there = remote.listed(f"{folder}/")
        return {name: one for name, one in there.items() if name.count("/") == 1}


LOCAL: Final = Storage()
"""Folders of this machine, and nothing else."""


def described(address: str, version: str) -> str:
    """A data set by address and version of its announcement; only the address of one without."""
    return f"{address}#{version}" if version else address
