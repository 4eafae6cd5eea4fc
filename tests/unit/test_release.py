"""Deploying and going back, on a repository of its own with a kubectl that only takes notes."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "k8s/release"
KUBECTL = """#!/bin/sh
echo "$*" >>"$NOTES/calls"
case "$*" in
    *"get deployment api"*) [ ! -f "$NOTES/release" ] || cat "$NOTES/release" ;;
    *annotate*) for last; do :; done; echo "${last#anirec/release=}" >"$NOTES/release" ;;
    *"apply -f -"*) cat >"$NOTES/applied" ;;
    *"rollout status"*) [ ! -f "$NOTES/broken" ] ;;
esac
"""
RENDER = 'echo "$1 {settings} $API_DIGEST $BATCH_DIGEST"\n'


class Repository:
    def __init__(self, folder):
        self.folder, self.notes = folder / "repository", folder / "notes"
        shutil.copytree(SCRIPTS, self.folder / "k8s/release")
        self.notes.mkdir()
        (folder / "bin").mkdir()
        self._program(folder / "bin/kubectl", KUBECTL)
        self._program(folder / "bin/docker", "#!/bin/sh\nexit 1\n")
        own = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "NOTES": str(self.notes)}
        self.env = os.environ | own | {"DRY_RUN": "", "REPOSITORY": "gcr.io/p", "TAG": "t"}
        self._git("init", "--quiet")

    def _program(self, path, text):
        path.write_text(text)
        path.chmod(0o755)

    def _git(self, *arguments):
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *who, *arguments], cwd=self.folder, check=True)

    def commit(self, settings):
        """A commit with manifests, and images of it that were pushed."""
        (self.folder / "k8s/render.sh").write_text(RENDER.format(settings=settings))
        self._git("add", "-A", "k8s")
        self._git("commit", "--quiet", "-m", settings)
        pushed = self.folder / "var/release"
        pushed.mkdir(parents=True, exist_ok=True)
        for name in ("api", "batch"):
            (pushed / name).write_text(f"sha256:{settings}-{name}\n")

    def run(self, script, *arguments, **env):
        command = ["sh", f"k8s/release/{script}.sh", *arguments]
        whole = self.env | env
        return subprocess.run(
            command, cwd=self.folder, env=whole, capture_output=True, text=True, check=False
        )

    def applied(self):
        return (self.notes / "applied").read_text()


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path)


def test_a_deploy_applies_the_digests_that_were_pushed(repository):
    repository.commit("first")

    assert repository.run("deploy").returncode == 0
    assert repository.applied() == "prod first sha256:first-api sha256:first-batch\n"


def test_going_back_applies_manifests_and_digests_of_the_release_before(repository):
    repository.commit("first")
    repository.run("deploy")
    before = repository.applied()
    repository.commit("second")
    (repository.notes / "broken").touch()
    assert repository.run("deploy").returncode == 1
    assert "second" in repository.applied()

    (repository.notes / "broken").unlink()
    assert repository.run("rollback").returncode == 0
    assert repository.applied() == before


def test_without_a_release_before_going_back_says_so(repository):
    repository.commit("first")
    repository.run("deploy")

    done = repository.run("rollback")

    assert done.returncode == 2
    assert "no release before" in done.stderr


def test_nothing_is_deployed_that_was_not_pushed(repository):
    repository.commit("first")
    (repository.folder / "var/release/api").unlink()

    done = repository.run("deploy")

    assert done.returncode == 2
    assert "make push" in done.stderr
    assert not (repository.notes / "applied").exists()


def test_a_dry_run_changes_nothing(repository):
    repository.commit("first")

    for script, *arguments in [("deploy",), ("push",), ("job", "retrain"), ("smoke",)]:
        assert repository.run(script, *arguments, DRY_RUN="1").returncode == 0
    assert not (repository.notes / "calls").exists()


@pytest.mark.parametrize("users", ["1;id", "1,", "all", '1"'])
def test_a_backfill_of_anything_but_ids_is_refused(repository, users):
    done = repository.run("job", "backfill", users, DRY_RUN="1")

    assert done.returncode == 2
    assert "ids with commas" in done.stderr
