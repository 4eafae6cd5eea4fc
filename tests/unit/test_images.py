"""What an image would only show when somebody builds or attacks it."""

import re
import tomllib
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
DOCKERFILES = ["Dockerfile.api", "Dockerfile.batch", "k8s/jenkins/Dockerfile"]
OURS = DOCKERFILES[:2]


def instructions(name):
    """Keyword and rest of each instruction, continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", (TOP / name).read_text(), flags=re.MULTILINE)
    joined = text.replace("\\\n", " ")
    return [tuple(line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]


def all_of(name, keyword):
    return [rest for word, rest in instructions(name) if word == keyword]


@pytest.mark.parametrize("name", DOCKERFILES)
def test_every_image_that_is_named_has_a_version(name):
    images = [rest for rest in all_of(name, "ARG") if "/" in rest]

    assert images
    assert [one for one in images if not re.search(r":v?\d[\w.-]*$", one)] == []


@pytest.mark.parametrize("name", DOCKERFILES)
def test_nothing_comes_from_an_address(name):
    assert all_of(name, "ADD") == []
    assert not any("http://" in run or "https://" in run for run in all_of(name, "RUN"))


@pytest.mark.parametrize("name", OURS)
def test_no_image_runs_as_root(name):
    assert "UID=10001" in all_of(name, "ARG")
    assert all_of(name, "USER") == ["${UID}:${UID}"]


@pytest.mark.parametrize("name", OURS)
def test_what_is_installed_has_hashes(name):
    pins = [run for run in all_of(name, "RUN") if "sync" in run or "pip install" in run]

    installs = [
        command
        for run in pins
        for command in run.split("&&")
        if re.search(r"\bsync\b|pip install", command) and "--no-deps" not in command
    ]
    assert len(installs) == 2
    assert [one for one in installs if "--require-hashes" not in one] == []


@pytest.mark.parametrize("name", OURS)
def test_images_forbid_the_embedded_store_and_say_what_they_are(name):
    assert any("ANIREC_EMBEDDED=0" in env for env in all_of(name, "ENV"))
    for label in ("revision", "version"):
        assert any(f"org.opencontainers.image.{label}" in one for one in all_of(name, "LABEL"))


@pytest.mark.parametrize("name", OURS)
def test_no_secret_is_an_argument_or_a_variable(name):
    words = " ".join([*all_of(name, "ARG"), *all_of(name, "ENV")])

    assert re.findall(r"(?i)\w*(?:token|password|secret|api_key)\w*", words) == []


def test_the_image_of_the_api_knows_no_tensorflow():
    pins = {
        re.split("[= ]", line)[0]
        for name in ("api", "traced")
        for line in (TOP / f"requirements/{name}.txt").read_text().splitlines()
        if line[:1].isalpha()
    }

    assert "granian" in pins
    assert not pins & {"tensorflow", "tensorflow-cpu", "keras", "apache-beam", "pandas", "scipy"}


def test_the_image_of_beam_workers_is_of_the_version_that_is_installed():
    pinned = re.search(r"^apache-beam==(\S+)", (TOP / "requirements/batch.txt").read_text(), re.M)

    assert pinned
    assert f"BEAM_SDK=docker.io/apache/beam_python3.12_sdk:{pinned[1]}" in all_of(OURS[1], "ARG")


def test_builds_see_only_what_they_are_made_of():
    rules = (TOP / ".dockerignore").read_text().splitlines()
    rules = [rule for rule in rules if rule and not rule.startswith("#")]
    let_in = {rule[1:].split("/")[0] for rule in rules if rule.startswith("!")}

    assert rules[0] == "*"
    assert not let_in & {".git", "data", "var", ".venv", "tests", ".env"}


@pytest.mark.parametrize("name", OURS)
def test_builds_see_everything_that_they_copy(name):
    copied = [rest.split()[:-1] for rest in all_of(name, "COPY") if "--from" not in rest]
    rules = (TOP / ".dockerignore").read_text()

    for source in {one for parts in copied for one in parts}:
        pattern = source.replace("${PINS}", "*").replace("uv.txt", "*.txt")
        stands = {f"!{source}\n", f"!{source}/\n", f"!{pattern}\n"}
        if source.startswith("requirements/"):
            stands.add("!requirements/*.txt\n")
        assert any(one in rules for one in stands), source


def test_all_pages_and_assets_are_in_the_package():
    patterns = tomllib.loads((TOP / "pyproject.toml").read_text())["tool"]["setuptools"]
    api = TOP / "api"
    packed = {path for one in patterns["package-data"]["api"] for path in api.glob(one)}

    there = [*api.glob("assets/**/*"), *api.glob("templates/**/*")]
    assert [path for path in there if path.is_file() and path not in packed] == []
