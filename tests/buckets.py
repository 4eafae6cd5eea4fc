"""A bucket in memory that behaves as Cloud Storage does, and the laws that both keep."""

import base64
import itertools

import google_crc32c
import pytest

from batch.storage.remote import Stored
from schemas.errors import ConflictError


class InMemoryRemote:
    """Objects with generations; `refuse` is asked before each upload and may raise."""

    def __init__(self, uri="gs://bucket/folder", refuse=lambda name: None):
        self.uri, self.refuse = uri, refuse
        self.objects, self.uploads = {}, []
        self._generations = itertools.count(1)

    def listed(self, below=""):
        return {name: one for name, (one, _) in self.objects.items() if name.startswith(below)}

    def find(self, name):
        return self.listed().get(name)

    def read(self, stored):
        if self.find(stored.name) != stored:
            raise ConflictError(stored.name)
        return self.objects[stored.name][1]

    def download(self, stored, path):
        path.write_bytes(self.read(stored))

    def upload(self, path, name, over):
        self.refuse(name)
        if self.find(name) != over:
            raise ConflictError(name)
        return self.put(name, path.read_bytes())

    def put(self, name, content):
        """Somebody else writes, whatever is there."""
        checksum = base64.b64encode(google_crc32c.Checksum(content).digest()).decode()
        number = next(self._generations)
        self.objects[name] = Stored(name, number, len(content), checksum, 1e9 + number), content
        self.uploads.append(name)
        return self.find(name)

    def delete(self, stored):
        found = self.find(stored.name)
        if found and found.generation != stored.generation:
            raise ConflictError(stored.name)
        self.objects.pop(stored.name, None)


def what_was_uploaded_is_found_listed_and_downloaded(remote, tmp_path):
    (tmp_path / "one").write_bytes(b"abc")

    stored = remote.upload(tmp_path / "one", "below/one", None)

    assert remote.find("below/one") == stored == remote.listed("below/")["below/one"]
    assert (stored.size, stored.crc32c) == (3, "Nks/tw==")
    assert remote.read(stored) == b"abc"
    remote.download(stored, tmp_path / "two")
    assert (tmp_path / "two").read_bytes() == b"abc"
    assert remote.find("below/two") is None
    assert remote.listed("elsewhere/") == {}


def an_object_is_not_written_over_one_that_was_not_seen(remote, tmp_path):
    (tmp_path / "one").write_bytes(b"abc")
    first = remote.upload(tmp_path / "one", "one", None)
    with pytest.raises(ConflictError):
        remote.upload(tmp_path / "one", "one", None)
    second = remote.upload(tmp_path / "one", "one", first)
    with pytest.raises(ConflictError):
        remote.upload(tmp_path / "one", "one", first)
    assert remote.find("one") == second != first


def a_large_object_is_not_written_over_one_that_was_not_seen(remote, tmp_path):
    (tmp_path / "large").write_bytes(bytes(9 << 20))  # more than the client sends in one request
    stored = remote.upload(tmp_path / "large", "large", None)
    with pytest.raises(ConflictError):
        remote.upload(tmp_path / "large", "large", None)
    assert remote.find("large") == stored


def a_version_that_is_gone_is_not_read(remote, tmp_path):
    (tmp_path / "one").write_bytes(b"abc")
    first = remote.upload(tmp_path / "one", "one", None)
    second = remote.upload(tmp_path / "one", "one", first)
    with pytest.raises(ConflictError):
        remote.read(first)
    with pytest.raises(ConflictError):
        remote.download(first, tmp_path / "two")
    remote.delete(second)
    remote.delete(second)
    assert remote.find("one") is None


LAWS = (
    what_was_uploaded_is_found_listed_and_downloaded,
    an_object_is_not_written_over_one_that_was_not_seen,
    a_large_object_is_not_written_over_one_that_was_not_seen,
    a_version_that_is_gone_is_not_read,
)
