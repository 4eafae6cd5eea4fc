"""What is sent to Cloud Storage, and what its refusals become, on a server that says one thing."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from batch.storage.google import GoogleFolder, open_folder
from batch.storage.remote import Stored
from schemas.errors import ConflictError, SettingsError

STORED = Stored("one", 42, 3, "Nks/tw==")


@pytest.fixture
def server(monkeypatch):
    """Answers every request with its `status`, and keeps the `paths`."""

    class Handler(BaseHTTPRequestHandler):
        def do_DELETE(self):
            server.paths.append(self.path)
            self.send_response(server.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_DELETE  # noqa: N815 -- named by the standard library

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.paths = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{server.server_port}")
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def folder(server):
    made = open_folder("gs://bucket/folder")
    yield made
    made._client.close()


def test_only_the_version_that_was_seen_is_deleted(server, folder):
    server.status = 412

    with pytest.raises(ConflictError, match="gs://bucket/folder/one was changed"):
        folder.delete(STORED)

    assert any("/o/folder%2Fone?" in one and "ifGenerationMatch=42" in one for one in server.paths)


def test_a_bucket_that_does_not_exist_is_a_matter_of_settings(server, folder):
    server.status = 404

    with pytest.raises(SettingsError, match="no bucket for gs://bucket/folder"):
        folder.listed()


def test_what_is_gone_already_need_not_be_deleted(server, folder):
    server.status = 404

    folder.delete(STORED)


@pytest.mark.parametrize("status", [401, 403])
def test_a_right_that_is_missing_is_a_matter_of_settings(server, folder, status):
    server.status = status

    with pytest.raises(SettingsError, match="gs://bucket/folder cannot be used"):
        folder.listed()


@pytest.mark.parametrize("uri", ["gs://", "gs:///x", "bucket/x"])
def test_what_is_no_address_of_a_bucket_is_misuse(uri):
    with pytest.raises(SettingsError, match="gs://BUCKET/FOLDER"):
        GoogleFolder(None, uri)
