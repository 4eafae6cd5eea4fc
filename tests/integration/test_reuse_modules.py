"""What a training and an ingest load, seen in processes of their own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from batch import reuse
from batch.ingest import inputs

LOADED = """
import json, sys
import {modules}
found = {{name: getattr(module, "__file__", None) for name, module in sys.modules.items()}}
ours = {{name: path for name, path in found.items() if name.split(".")[0] in ("batch", "schemas")}}
print(json.dumps({{name: path for name, path in ours.items() if path}}))
"""


TRAINING = "batch.training, batch.models.people, batch.models.linear"
INGEST = "batch.ingest.run"


@pytest.mark.parametrize(("modules", "source_files"), [
    (TRAINING, reuse.source_files), (INGEST, inputs.source_files),
])  # fmt: skip
def test_every_module_that_is_loaded_counts(modules, source_files):
    script = LOADED.format(modules=modules)
    found = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    loaded = json.loads(found.stdout)

    counted = {str(path) for path in source_files()}
    assert set(modules.split(", ")) <= set(loaded)
    assert {name for name, path in loaded.items() if source(path) not in counted} == set()


def source(path):
    """Of what was compiled, the source."""
    return str(Path(path).with_name(Path(path).name.partition(".")[0] + ".py"))
