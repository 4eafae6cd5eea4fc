"""Google Cloud Storage through the official client: streamed, resumable, retried, verified."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from google.api_core import exceptions as failures
from google.auth import exceptions as credentials
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse
from requests import RequestException

from batch.storage.remote import Stored
from schemas.errors import ConflictError, SettingsError, StorageAwayError

log = logging.getLogger(__name__)

_SCHEME = "gs://"
_CHECKSUM = "crc32c"
_NOT_ALLOWED = (failures.Unauthorized, failures.Forbidden, credentials.DefaultCredentialsError)
_AWAY = (
    failures.GoogleAPIError, credentials.GoogleAuthError, RequestException, InvalidResponse,
    DataCorruption,
)  # fmt: skip


class GoogleFolder:
    """What begins with a prefix in a bucket."""

    def __init__(self, client: storage.Client, uri: str) -> None:
        name, _, prefix = uri.removeprefix(_SCHEME).partition("/")
        if not uri.startswith(_SCHEME) or not name:
            raise SettingsError(f"a bucket is written gs://BUCKET/FOLDER, got {uri}")
        prefix = prefix.strip("/")
        self.uri = f"{_SCHEME}{name}/{prefix}".rstrip("/")
        self._prefix = f"{prefix}/" if prefix else ""
        self._client = client
        self._bucket = client.bucket(name)

    def listed(self, below: str = "") -> dict[str, Stored]:
        with _translated(self.uri):
            blobs = self._client.list_blobs(self._bucket, prefix=self._prefix + below)
            found = [self._stored(blob) for blob in blobs if not blob.name.endswith("/")]
        return {one.name: one for one in found}

    def find(self, name: str) -> Stored | None:
        with _translated(self._address(name)):
            blob = self._bucket.get_blob(self._prefix + name)
        return self._stored(blob) if blob else None

    def read(self, stored: Stored) -> bytes:
        with _translated(self._address(stored.name), str(stored.generation)):
            content: bytes = self._blob(stored).download_as_bytes(checksum=_CHECKSUM)
        return content

    def download(self, stored: Stored, path: Path) -> None:
        with _translated(self._address(stored.name), str(stored.generation)):
            # Raw: what comes is what the checksum is of, also where it is stored compressed.
            self._blob(stored).download_to_filename(path, checksum=_CHECKSUM, raw_download=True)

    def upload(self, path: Path, name: str, over: Stored | None) -> Stored:
        blob = self._bucket.blob(self._prefix + name)
        with _translated(self._address(name)):
            blob.upload_from_filename(
                path, checksum=_CHECKSUM, if_generation_match=over.generation if over else 0
            )
        return self._stored(blob)

    def delete(self, stored: Stored) -> None:
        with _translated(self._address(stored.name)):
            blob = self._bucket.blob(self._prefix + stored.name)
            try:
                blob.delete(if_generation_match=stored.generation)
            except failures.NotFound:
                log.debug("%s is gone already", stored.name)

    def _blob(self, stored: Stored) -> storage.Blob:
        return self._bucket.blob(self._prefix + stored.name, generation=stored.generation)

    def _address(self, name: str) -> str:
        return f"{self.uri}/{name}"

    def _stored(self, blob: storage.Blob) -> Stored:
        return Stored(
            blob.name.removeprefix(self._prefix),
            int(blob.generation),
            int(blob.size),
            str(blob.crc32c),
            blob.updated.timestamp() if blob.updated else 0.0,
        )


def open_folder(uri: str) -> GoogleFolder:
    """A folder of a bucket, with the credentials of this machine.

    With STORAGE_EMULATOR_HOST, an emulator's, without credentials and without looking for any.

    Raises:
        SettingsError: not an address of a bucket, or there are no credentials.
    """
    with _translated(uri):
        return GoogleFolder(_client(), uri)


def _client() -> storage.Client:
    if os.environ.get("STORAGE_EMULATOR_HOST"):
        return storage.Client(project="emulator", credentials=AnonymousCredentials())
    return storage.Client(project=None)  # objects need none, so none is looked for


@contextmanager
def _translated(address: str, version: str = "") -> Iterator[None]:
    """The client's errors as ours; what is missing is the `version` asked for, else the bucket."""
    try:
        yield
    except failures.PreconditionFailed as error:
        raise ConflictError(f"{address} was changed by somebody else meanwhile") from error
    except failures.NotFound as error:
        if version:
            raise ConflictError(f"{address} is no longer of version {version}") from error
        raise SettingsError(f"there is no bucket for {address}") from error
    except _NOT_ALLOWED as error:
        raise SettingsError(f"{address} cannot be used: {error}") from error
    except _AWAY as error:
        raise StorageAwayError(f"{address} is out of reach: {error}") from error
