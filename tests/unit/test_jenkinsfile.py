"""What Jenkins would only find out on the way to the cluster."""

import re
from pathlib import Path

import pytest
import yaml

TOP = Path(__file__).parents[2]
JENKINS = TOP / "k8s/jenkins"
TEXT = (TOP / "Jenkinsfile").read_text()
STEPS = re.findall(r"\bsh '([^']*)'", TEXT)
ORDER = "Checkout, Set up, Check, Test, Data, Images, Scan, Push, Deploy, Backfill, Retrain"


def stage(name):
    """The text of one stage."""
    return re.split(r"stage\('", TEXT.split(f"stage('{name}')")[1])[0]


def test_every_step_is_a_target_of_the_makefile():
    made = (TOP / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", made, flags=re.MULTILINE))
    asked = {step.removeprefix("make ") for step in STEPS if step.startswith("make ")}

    assert asked
    assert asked - targets == set()
    assert [one for one in STEPS if not one.startswith(("make ", "docker log"))] == []


def test_stages_are_in_order():
    assert re.findall(r"stage\('([^']*)'\)", TEXT) == ORDER.split(", ")


@pytest.mark.parametrize("name", ["Push", "Deploy", "Backfill", "Retrain"])
def test_nothing_but_main_reaches_registry_or_cluster(name):
    assert "branch 'main'" in stage(name)


@pytest.mark.parametrize(
    ("step", "credential"),
    [
        ("make push", "google-service-account"),
        ("make dvc-pull", "google-service-account"),
        ("make deploy", "kubeconfig"),
        ("make rollback-deploy", "kubeconfig"),
        ("make backfill-job", "kubeconfig"),
        ("make retrain-job", "kubeconfig"),
    ],
)
def test_what_needs_credentials_gets_them_by_binding(step, credential):
    blocks = re.findall(r"withCredentials\(\[(.*?)\]\) \{(.*?)\}", TEXT, flags=re.DOTALL)

    assert any(credential in bound and f"'{step}'" in steps for bound, steps in blocks)


def test_credentials_come_by_binding_only():
    assert re.findall(r"credentials\(|password\s*[:=]\s*'|(?i:secret)\s*=", TEXT) == []


def test_every_credential_that_is_bound_is_configured():
    bound = set(re.findall(r"credentialsId: '([^']*)'", TEXT))
    configured = set(re.findall(r"\bid: ([a-z-]+)", (JENKINS / "casc.yaml").read_text()))

    assert bound
    assert bound <= configured


def test_no_shell_step_is_put_together_from_parameters():
    assert 'sh "' not in TEXT  # Groovy would put parameters into it, for the shell to run


def test_a_failed_deploy_is_rolled_back():
    assert re.search(r"unsuccessful \{.*make rollback-deploy", stage("Deploy"), flags=re.DOTALL)


def test_plugins_are_pinned():
    plugins = (JENKINS / "plugins.txt").read_text().split()

    assert plugins == sorted(plugins)
    assert [one for one in plugins if not re.fullmatch(r"[a-z-]+:\d[\w.]*", one)] == []


def test_the_controller_has_no_password_of_its_own():
    casc = yaml.safe_load((JENKINS / "casc.yaml").read_text())
    text = (JENKINS / "casc.yaml").read_text()

    assert casc["jenkins"]["securityRealm"]["local"]["allowsSignup"] is False
    assert re.findall(r'(?:password|secretBytes): "(?!\$\{)', text) == []


def test_services_have_versions_and_secrets_have_no_defaults():
    composed = (JENKINS / "compose.yaml").read_text()
    services = yaml.safe_load(composed)["services"]

    assert ":-" not in composed
    assert [
        one["image"] for one in services.values() if one.get("image", ":1").endswith("latest")
    ] == []
    assert [name for name, one in services.items() if one.get("privileged")] == ["docker"]
