"""What a training loads, seen in a process of its own."""

import json
import subprocess
import sys

from batch import reuse

LOADED = """
import json, sys
import batch.training, batch.models.people, batch.models.linear
found = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
ours = {name: path for name, path in found.items() if name.split(".")[0] in ("batch", "schemas")}
print(json.dumps({name: path for name, path in ours.items() if path}))
"""


def test_every_module_that_training_loads_counts():
    found = subprocess.run([sys.executable, "-c", LOADED], check=True, capture_output=True)
    loaded = json.loads(found.stdout)

    counted = {str(path) for path in reuse.source_files()}
    assert "batch.models.people" in loaded
    assert {name for name, path in loaded.items() if path not in counted} == set()
