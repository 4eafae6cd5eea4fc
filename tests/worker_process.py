"""`anirec worker` as a process of its own."""

import os
import subprocess
import sys


def start_worker(url, artifacts, *arguments, log=subprocess.DEVNULL, **env):
    """Start one; nothing of our own settings reaches it."""
    variables = {key: value for key, value in os.environ.items() if not key.startswith("ANIREC_")}
    command = [sys.executable, "-m", "jobs.cli", "worker", "--store", url, "--artifacts", artifacts]
    return subprocess.Popen([*command, *map(str, arguments)], env=variables | env, stderr=log)
