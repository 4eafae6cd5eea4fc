"""The scripts that make and take away what is on Google Cloud, without touching it.

A false `gcloud` takes the calls. The real one's own list of commands, where it is installed, says
whether commands and flags exist.
"""

import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.emulators import NOT_TRIED
from tests.manifests import ROOT

GKE = ROOT / "k8s" / "gke"
SITE = {
    "PROJECT_ID": "some-project",
    "API_HOST": "api.example.org",
    "BILLING_ACCOUNT": "012345-6789AB-CDEF01",
}
PASSWORD = "password-of-the-store"
FALSE_GCLOUD = f"""#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in
    *get-auth-string*) echo {PASSWORD} ;;
    'secrets versions add'*) cat >>"$CALLS.secrets"; echo >>"$CALLS.secrets" ;;
    'projects describe'*) echo 123456 ;;
    *' describe '*' --format'*) echo something ;; # of what was just made
    *' describe '* | *' list' | *' list '*) [ -n "$THERE" ] && echo something ;;
    *get-cluster-certificate-authority*) echo certificate ;;
esac
"""
Script = Callable[..., tuple[subprocess.CompletedProcess[str], list[str]]]


@pytest.fixture
def script(tmp_path) -> Script:
    """Run a script with a false gcloud; its outcome, and what gcloud was asked."""
    (tmp_path / "gcloud").write_text(FALSE_GCLOUD)
    (tmp_path / "gcloud").chmod(0o755)
    calls = tmp_path / "calls"

    def run(name: str, *arguments: str, there: str = "", **env: str):
        calls.write_text("")
        path = f"{tmp_path}:{os.environ['PATH']}"
        settings = {"PATH": path, "CALLS": str(calls), "THERE": there, **SITE, **env}
        done = subprocess.run(
            [str(GKE / name), *arguments], env=settings, capture_output=True, text=True, check=False
        )
        return done, calls.read_text().splitlines()

    return run


def _shown(output: str) -> list[list[str]]:
    """The gcloud commands that a script said it runs."""
    lines = (line.removeprefix("+ ") for line in output.splitlines() if line.startswith("+ "))
    return [shlex.split(line[line.index("gcloud ") :])[1:] for line in lines]


def test_shell_scripts_are_without_fault():
    scripts = [str(one) for one in (ROOT / "k8s").rglob("*.sh")]
    shellcheck = str(Path(sys.executable).with_name("shellcheck"))
    done = subprocess.run(
        [shellcheck, "--external-sources", "--source-path=SCRIPTDIR", *scripts],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert len(scripts) >= 4
    assert done.stdout == ""


@pytest.mark.parametrize("name", ["up.sh", "down.sh"])
def test_a_dry_run_asks_nothing(script, name):
    done, calls = script(name, "--dry-run")

    assert (done.returncode, done.stderr, calls) == (0, "", [])
    assert len(_shown(done.stdout)) > 15


def test_everything_is_made_where_nothing_is(script):
    dry, _ = script("up.sh", "--dry-run")
    done, calls = script("up.sh")

    assert done.returncode == 0, done.stderr
    assert done.stdout.replace("123456", "PROJECT_NUMBER") == dry.stdout
    made = [call for call in calls if " create" in call]
    assert len(made) == sum("create" in " ".join(one) for one in _shown(dry.stdout))


def test_nothing_is_made_twice(script):
    done, calls = script("up.sh", there="yes")

    assert done.returncode == 0, done.stderr
    assert [call for call in calls if " create" in call or "versions add" in call] == []


def test_passwords_go_to_the_secret_manager_and_nowhere_else(script, tmp_path):
    done, calls = script("up.sh")

    assert PASSWORD in (tmp_path / "calls.secrets").read_text()
    assert PASSWORD not in done.stdout + done.stderr + "".join(calls)


def test_a_failure_stops_it(script, tmp_path):
    (tmp_path / "gcloud").write_text("#!/bin/sh\nexit 1\n")

    done, _ = script("up.sh")

    assert done.returncode == 1
    assert len(_shown(done.stdout)) == 1


@pytest.mark.parametrize("name", ["up.sh", "down.sh"])
@pytest.mark.parametrize("missing", ["PROJECT_ID", "BILLING_ACCOUNT"])
def test_what_is_missing_is_named(script, name, missing):
    done, calls = script(name, "--dry-run", **{missing: ""})

    assert (done.returncode, calls) == (2, [])
    assert missing in done.stderr


def test_nothing_is_taken_away_unless_it_is_meant(script):
    done, calls = script("down.sh", there="yes", CONFIRM="another-project")

    assert (done.returncode, calls) == (2, [])


def test_data_stay_unless_they_are_named(script):
    done, _ = script("down.sh", there="yes", CONFIRM="some-project")
    with_data, _ = script("down.sh", "--with-data", there="yes", CONFIRM="some-project")

    durable = ("storage rm", "redis clusters delete")
    assert done.returncode == with_data.returncode == 0
    assert not [one for one in durable if one in done.stdout]
    assert not [one for one in durable if one not in with_data.stdout]


def test_all_that_is_made_is_taken_away(script):
    made, _ = script("up.sh", "--dry-run")
    gone, _ = script("down.sh", "--dry-run", "--with-data")

    taken = {_thing(one) for one in _shown(gone.stdout) if "delete" in one}
    within = {"compute routers nats", "storage buckets", "storage buckets notifications"}
    created = {_thing(one) for one in _shown(made.stdout) if {"create", "create-auto"} & set(one)}
    assert created - taken == within  # they go with the router and with the bucket


def _thing(words: list[str]) -> str:
    ends = [words.index(one) for one in ("create", "create-auto", "delete") if one in words]
    return " ".join(words[: min(ends)])


def test_the_log_alert_is_json_and_looks_at_our_namespace():
    policy = json.loads((GKE / "failed-jobs.json").read_text())

    [condition] = policy["conditions"]
    wanted = condition["conditionMatchedLog"]["filter"]
    assert 'involvedObject.namespace="anirec"' in wanted
    assert {"BackoffLimitExceeded", "DeadlineExceeded", "PodFailurePolicy"} <= set(
        re.findall(r"[A-Za-z]+", wanted)
    )


@pytest.mark.parametrize("arguments", [("up.sh",), ("down.sh", "--with-data")])
def test_gcloud_has_these_commands_and_flags(script, arguments):
    tree = _gcloud_tree()
    done, _ = script(*arguments, "--dry-run", CHANNEL="projects/p/notificationChannels/1")

    assert [fault for words in _shown(done.stdout) for fault in _faults(tree, words)] == []


def test_a_flag_that_is_none_would_be_seen():
    tree = _gcloud_tree()

    assert list(_faults(tree, ["pubsub", "topics", "create", "t", "--retention=7d"])) == [
        "pubsub topics create: no flag --retention"
    ]
    assert list(_faults(tree, ["pubsub", "topic", "create"])) == ["pubsub topic create: no command"]


def _gcloud_tree() -> dict[str, Any]:
    """All commands of the installed gcloud, as it completes them in a shell."""
    found = shutil.which("gcloud")
    places = [Path(found).resolve().parents[1]] if found else []
    places += [Path("/usr/lib/google-cloud-sdk"), Path("/opt/google-cloud-sdk")]
    files = [one / "data" / "cli" / "gcloud_completions.py" for one in places]
    file = next((one for one in files if one.is_file()), None)
    if file is None:
        pytest.skip(f"{NOT_TRIED}: gcloud, which knows its flags")
    spec = importlib.util.spec_from_file_location("gcloud_completions", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    tree: dict[str, Any] = module.STATIC_COMPLETION_CLI_TREE
    return tree


def _faults(tree: dict[str, Any], words: list[str]):
    node, path, common = tree, [], set(tree["flags"])
    for word in words:
        if word.startswith("-") or not node["commands"]:
            break
        path.append(word)
        if word not in node["commands"]:
            yield f"{' '.join(words)}: no command"
            return
        node = node["commands"][word]
    for flag in (one.partition("=")[0] for one in words if one.startswith("--")):
        known = common | set(node["flags"])
        positive = flag.replace("--no-", "--", 1)
        if not {flag, positive} & known:
            yield f"{' '.join(path)}: no flag {flag}"
