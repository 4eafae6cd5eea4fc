import subprocess
import sys

import pytest

HEAVY = ("tensorflow", "keras", "apache_beam", "pandas", "pyarrow", "comet_ml", "google.cloud")
LIGHT = [
    "jobs.cli",
    "jobs.options",
    "jobs.backfill",
    "jobs.doctor",
    "batch.doctor.run",
    "schemas.store.checks.run",
    "jobs.serve",
    "jobs.rollback",
    "jobs.generations",
    "jobs.models",
    "batch.comet_registry",
    "api.process",
    "jobs.runs",
    "schemas.store.runs",
    "batch.tracking",
]
ROLLBACK = "batch.params, schemas.store.retention, batch.publish.store"


def loaded_by(modules):
    code = f"import sys, {modules}; print(*(name for name in {HEAVY} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize("module", [*LIGHT, ROLLBACK])
def test_what_serves_and_rolls_back_starts_light(module):
    assert loaded_by(module) == []


@pytest.mark.parametrize("module", ["batch.storage.storage", "batch.listening.listener"])
def test_clients_for_google_are_imported_only_where_an_address_asks_for_one(module):
    """Beam, where it is imported, takes what is installed; these modules know no Beam."""
    assert not {"google.cloud", "apache_beam"} & set(loaded_by(module))
