import subprocess
import sys

import pytest

HEAVY = ("tensorflow", "keras", "apache_beam", "pandas", "pyarrow", "comet_ml")
LIGHT = [
    "jobs.cli",
    "jobs.serve",
    "jobs.rollback",
    "jobs.generations",
    "jobs.runs",
    "schemas.store.runs",
    "api.wsgi",
    "batch.tracking",
]
ROLLBACK = "batch.params, batch.publish.retention, batch.publish.store"


def loaded_by(modules):
    code = f"import sys, {modules}; print(*(name for name in {HEAVY} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize("module", [*LIGHT, ROLLBACK])
def test_what_serves_and_rolls_back_starts_light(module):
    assert loaded_by(module) == []
