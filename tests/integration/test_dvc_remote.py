"""`dvc push` and `dvc pull` against a Cloud Storage emulator."""

import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from batch.data_version import data_version
from tests import emulators
from tests.datasets import write_kaggle

SECONDS = 120


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    """Address of the emulator."""
    if emulators.storage_binary() is None:
        pytest.skip(f"{emulators.NOT_TRIED}: fake-gcs-server")
    with emulators.storage_alone(tmp_path_factory.mktemp("gcs")) as url:
        yield url


@pytest.fixture
def bucket(endpoint, monkeypatch):
    """A new bucket's address."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", endpoint)
    name = f"dvc-{uuid.uuid4().hex[:12]}"
    with storage.Client(project="anirec", credentials=AnonymousCredentials()) as client:
        client.create_bucket(name)
    return f"gs://{name}"


@pytest.fixture
def dvc(tmp_path, endpoint):
    """Runs DVC in a folder, as people do."""
    kept = {name: v for name, v in os.environ.items() if not name.startswith("ANIREC_")}
    own = {
        "HOME": str(tmp_path),
        "DVC_SITE_CACHE_DIR": str(tmp_path / "site"),
        "STORAGE_EMULATOR_HOST": endpoint,
        "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",  # asks the emulator what it does not know
    }

    def run(folder, *arguments):
        command = [Path(sys.executable).with_name("dvc"), *arguments]
        done = subprocess.run(command, cwd=folder, env=kept | own, capture_output=True, text=True,
                              check=False, timeout=SECONDS)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_a_data_set_goes_to_a_bucket_and_comes_back(dvc, bucket, endpoint, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    write_kaggle(here / "data")
    dvc(here, "init", "-q", "--no-scm")
    dvc(here, "add", "-q", "data")
    for folder in (here, there):
        folder.mkdir(exist_ok=True)
        if folder is there:
            dvc(there, "init", "-q", "--no-scm")
            shutil.copy(here / "data.dvc", there)
        dvc(folder, "remote", "add", "-d", "bucket", f"{bucket}/dvc")
        dvc(folder, "remote", "modify", "bucket", "endpointurl", endpoint)

    dvc(here, "push", "-q")
    dvc(there, "pull", "-q")

    for name in ("anime.csv", "animelist.csv"):
        assert (there / "data" / name).read_bytes() == (here / "data" / name).read_bytes()
    assert "up to date" in dvc(there, "status")
    assert data_version(there / "data") == data_version(here / "data") != ""
