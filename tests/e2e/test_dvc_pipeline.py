"""`dvc repro` on a new clone with a data folder, as a data scientist uses it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
PARTS = (
    "batch", "jobs", "schemas", "requirements",
    ".dvc", ".dvcignore", ".gitignore", "dvc.yaml", "params.yaml",
)  # fmt: skip
SMALL = {
    "factors: 512": "factors: 8",
    "epochs: 32": "epochs: 2",
}
QUICK = {"report/quality\n": "report/quality --protocols hold-out --methods ours,popularity\n"}
NAMED = ("-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "init.defaultBranch=main")
SECONDS = 300


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Runs a command in a folder with the interpreter of these tests, and returns its stdout."""
    home = tmp_path_factory.mktemp("home")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANIREC_")}
    kept.pop("PYTHONPATH", None)  # the clone's code is to run, not ours
    own = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "DVC_SITE_CACHE_DIR": str(home / "site"),
        "ANIREC_TRACKING": "off",
    }

    def run(folder, *command):
        done = subprocess.run(command, cwd=folder, env=kept | own, capture_output=True, text=True,
                              check=False, timeout=SECONDS)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="module")
def clone(run, tmp_path_factory):
    """The project in a repository of its own, with a little data, reproduced and committed."""
    folder = tmp_path_factory.mktemp("project")
    for part in PARTS:
        copy = shutil.copytree if (TOP / part).is_dir() else shutil.copy
        options = {"ignore": _left_out} if copy is shutil.copytree else {}
        copy(TOP / part, folder / part, **options)
    change(folder, SMALL)
    change(folder, QUICK, "dvc.yaml")
    run(folder, "git", *NAMED, "init", "-q")
    run(folder, "python", "-m", "jobs.cli", "sample", "--out", "data", "--users", "60",
        "--anime", "50")  # fmt: skip
    run(folder, "dvc", "add", "-q", "data")
    run(folder, "dvc", "repro")
    commit(run, folder)
    return folder


def _left_out(folder, names):
    """What DVC keeps to itself, and compiled code."""
    own = {"cache", "tmp", "config.local"} if Path(folder).name == ".dvc" else set()
    return own & {*names} | {"__pycache__"}


def change(folder, replaced, name="params.yaml"):
    path = folder / name
    text = path.read_text()
    for before, after in replaced.items():
        assert text.count(before) == 1
        text = text.replace(before, after)
    path.write_text(text)


def commit(run, folder):
    run(folder, "git", *NAMED, "add", "-A")
    run(folder, "git", *NAMED, "commit", "-qm", "Reproduced")


def test_the_report_is_reproduced_and_no_row_is_committed(run, clone):
    assert json.loads((clone / "report/training/metrics.json").read_text())["ndcg@10"] > 0
    assert (clone / "report/quality/metrics.json").is_file()
    assert (clone / "report/training/curves/people/val_ndcg.tsv").is_file()
    committed = run(clone, "git", "ls-files").split()
    assert "data.dvc" in committed
    assert [one for one in committed if one.startswith(("data/", "var/"))] == []


def test_what_has_not_changed_is_not_run_again(run, clone):
    assert "Data and pipelines are up to date." in run(clone, "dvc", "status")


def test_another_clone_pulls_everything_from_a_local_remote(run, clone, tmp_path):
    run(clone, "dvc", "remote", "add", "--local", "-d", "shelf", str(tmp_path / "shelf"))
    run(clone, "dvc", "push", "-q")
    run(tmp_path, "git", "clone", "-q", str(clone), "other")
    other = tmp_path / "other"
    run(other, "dvc", "remote", "add", "--local", "-d", "shelf", str(tmp_path / "shelf"))

    run(other, "dvc", "pull", "-q")

    assert (other / "data/animelist.csv").read_bytes() == (
        clone / "data/animelist.csv"
    ).read_bytes()
    assert len(list((other / "var/repro/models").iterdir())) == 1
    assert "up to date" in run(other, "dvc", "status")


def test_branches_are_compared_by_their_metrics(run, clone):
    run(clone, "git", *NAMED, "switch", "-qc", "idea")
    change(clone, {"regularisation: 10.0": "regularisation: 900.0"})
    run(clone, "dvc", "repro", "train")
    commit(run, clone)

    found = json.loads(run(clone, "dvc", "metrics", "diff", "main", "idea", "--json"))

    figure = found["report/training/metrics.json"]["ndcg@10/linear"]
    assert figure["old"] != figure["new"]
    assert figure["diff"] == pytest.approx(figure["new"] - figure["old"])


def test_an_experiment_is_tried_without_a_commit_and_compared(run, clone):
    run(clone, "dvc", "exp", "run", "-q", "-n", "idea-of-a-day", "-S",
        "linear.regularisation=500", "train")  # fmt: skip

    found = json.loads(run(clone, "dvc", "exp", "diff", "HEAD", "idea-of-a-day", "--json"))

    assert found["params"]["params.yaml"]["linear.regularisation"]["new"] == 500
    assert found["metrics"]["report/training/metrics.json"]["ndcg@10/linear"]["diff"] != 0
