"""What would be applied to a cluster holds together, and a broken manifest is caught."""

import copy
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from itertools import chain

import pytest

from tests.emulators import NOT_TRIED
from tests.manifests import (
    ROOT,
    SITE,
    Document,
    job_of,
    jobs,
    name_of,
    network,
    pods,
    render,
    shapes,
)

pytestmark = pytest.mark.skipif(
    shutil.which("kubectl") is None, reason=f"{NOT_TRIED}: kubectl, which renders the manifests"
)
Pod = Document
CHECKS = (shapes.problems, *pods.CHECKS, *jobs.CHECKS, *network.CHECKS)


def problems(documents: list[Document]) -> list[str]:
    return list(chain.from_iterable(check(documents) for check in CHECKS))


@pytest.fixture(scope="module")
def rendered() -> dict[str, list[Document]]:
    return {overlay: render(overlay) for overlay in ("dev", "prod")}


@pytest.mark.parametrize("overlay", ["dev", "prod"])
def test_an_overlay_holds_together(rendered, overlay):
    assert problems(rendered[overlay]) == []


@pytest.mark.parametrize("overlay", ["dev", "prod"])
def test_nothing_is_left_to_fill_in(rendered, overlay):
    text = str(rendered[overlay])

    assert not [one for one in ("PROJECT_ID", "API_HOST", "STORE_CIDR", "0" * 64) if one in text]


def test_the_issue_list_is_in_prod(rendered):
    there = {name_of(one) for one in rendered["prod"]}

    assert there >= {
        "Deployment api", "Service api", "Gateway public", "HTTPRoute api", "Deployment worker",
        "HorizontalPodAutoscaler api", "PodDisruptionBudget api", "NetworkPolicy deny-all",
        "CronJob nightly", "CronJob backfill", "ScaledJob listen", "ExternalSecret anirec-store",
        "ServiceAccount anirec-batch", "PodMonitoring api", "PodMonitoring worker", "Rules anirec",
    }  # fmt: skip


def _find(documents: list[Document], name: str) -> Document:
    return next(one for one in documents if name_of(one) == name)


def _pod(documents: list[Document], name: str) -> Pod:
    return next(t["spec"] for one, t in pods.workloads(documents) if name_of(one) == name)


def _api(documents: list[Document]) -> Document:
    return _pod(documents, "Deployment api")["containers"][0]


def _job(documents: list[Document]) -> Document:
    return _find(documents, "CronJob nightly")["spec"]["jobTemplate"]["spec"]


def _settings(documents: list[Document]) -> dict[str, str]:
    return next(
        one["data"]
        for one in documents
        if one["kind"] == "ConfigMap" and "api" in one["metadata"]["name"]
    )


def _without(documents: list[Document], name: str) -> None:
    documents.remove(_find(documents, name))


def _first_rule(documents: list[Document], name: str) -> Document:
    return _find(documents, name)["spec"]["groups"][0]["rules"][0]


def _routes(documents: list[Document]) -> list[Document]:
    return _find(documents, "HTTPRoute api")["spec"]["rules"][0]["matches"]


def _cron(documents: list[Document]) -> Document:
    return _find(documents, "CronJob nightly")["spec"]


def _policy(documents: list[Document], name: str) -> Document:
    return _find(documents, f"NetworkPolicy {name}")["spec"]


BREAKAGES: dict[str, tuple[Callable[[list[Document]], object], str]] = {
    "a misspelt field": (lambda d: _api(d).update(livenesProbe={}), "livenesProbe"),
    "a misspelt field of ours": (
        lambda d: _find(d, "ScaledJob listen")["spec"].update(pollInterval=1),
        "pollInterval",
    ),
    "a field of a Job of KEDA": (
        lambda d: _find(d, "ScaledJob listen")["spec"]["jobTargetRef"].update(backofLimit=1),
        "backofLimit",
    ),
    "text for a number": (lambda d: _cron(d).update(startingDeadlineSeconds="1h"), "1h"),
    "latest": (lambda d: _api(d).update(image="gcr.io/p/anirec-api:latest"), "is not fixed"),
    "a digest that was not set": (
        lambda d: _api(d).update(image="gcr.io/p/anirec-api@sha256:" + "0" * 64),
        "is not fixed",
    ),
    "no limit": (lambda d: _api(d)["resources"]["limits"].pop("memory"), "no memory in limits"),
    "root": (
        lambda d: _pod(d, "Deployment api")["securityContext"].update(runAsNonRoot=False),
        "may run as root",
    ),
    "a writable root file system": (
        lambda d: _api(d)["securityContext"].update(readOnlyRootFilesystem=False),
        "securityContext is not",
    ),
    "no temporary folder": (lambda d: _api(d)["volumeMounts"].pop(0), "/tmp is no emptyDir"),
    "no such volume": (
        lambda d: _pod(d, "Deployment worker")["volumes"].pop(),
        "no volume store-ca",
    ),
    "a probe of no route": (
        lambda d: _api(d)["livenessProbe"]["httpGet"].update(path="/health"),
        "/health, which is no route",
    ),
    "a probe of no port": (
        lambda d: _api(d)["readinessProbe"]["httpGet"].update(port="web"),
        "port web, which is not declared",
    ),
    "a misspelt setting": (
        lambda d: _settings(d).update(ANIREC_RATE_LIMITS="1/second"),
        "ANIREC_RATE_LIMITS is no setting",
    ),
    "an impossible value": (
        lambda d: _settings(d).update(ANIREC_RATE_LIMIT="often"),
        "ANIREC_RATE_LIMIT must be",
    ),
    "no data to refresh from": (
        lambda d: [one["data"].pop("ANIREC_DATA", 0) for one in d if one["kind"] == "ConfigMap"],
        "Missing option '--data'",
    ),
    "a number that is none": (
        lambda d: _pod(d, "Deployment worker")["containers"][0]["env"].append(
            {"name": "ANIREC_WORKER_TRIES", "value": "many"}
        ),
        "'many' is not a valid integer",
    ),
    "an option that is none": (lambda d: _api(d)["args"].append("--proxy"), "No such option"),
    "an embedded Redis": (
        lambda d: _settings(d).update(ANIREC_EMBEDDED="1"),
        "ANIREC_EMBEDDED is not 0",
    ),
    "a password in a ConfigMap": (
        lambda d: _settings(d).update(ANIREC_STORE="redis://:secret@x:6379/0"),
        "must come from one",
    ),
    "a secret in a manifest": (
        lambda d: d.append(
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {}}
        ),
        "a secret in a manifest",
    ),
    "a secret that nobody makes": (
        lambda d: _without(d, "ExternalSecret anirec-store"),
        "no ExternalSecret makes anirec-store",
    ),
    "no such account": (
        lambda d: _without(d, "ServiceAccount anirec-api"),
        "no ServiceAccount anirec-api",
    ),
    "too little time to end": (
        lambda d: _settings(d).update(ANIREC_DRAIN_SECONDS="40"),
        "killed before 55 s",
    ),
    "a schedule that is none": (lambda d: _cron(d).update(schedule="0 25 * * *"), "not parse"),
    "no such time zone": (lambda d: _cron(d).update(timeZone="Etc/Moon"), "no such time zone"),
    "two nights at once": (
        lambda d: _cron(d).update(concurrencyPolicy="Allow"),
        "two may run at once",
    ),
    "killed before its own deadline": (
        lambda d: _job(d).update(activeDeadlineSeconds=9_000),
        "killed before its own deadline",
    ),
    "tried again though refused": (
        lambda d: _job(d)["podFailurePolicy"]["rules"][1]["onExitCodes"].update(values=[2]),
        "not what the exit codes mean",
    ),
    "a rule for no container": (
        lambda d: _job(d)["podFailurePolicy"]["rules"][1]["onExitCodes"].update(containerName="x"),
        "a rule looks at",
    ),
    "a service of no pod": (
        lambda d: _find(d, "Service api")["spec"].update(selector={"app": "api"}),
        "Service api: selects no pod",
    ),
    "a service on no port": (
        lambda d: _find(d, "Service api")["spec"]["ports"][0].update(targetPort="web"),
        "no port web",
    ),
    "another port than the setting": (
        lambda d: _settings(d).update(ANIREC_PORT="8081"),
        "port http is not ANIREC_PORT",
    ),
    "metrics exposed": (
        lambda d: _routes(d).append({"path": {"type": "Exact", "value": "/metrics"}}),
        "/metrics is exposed",
    ),
    "everything exposed": (
        lambda d: _routes(d).append({"path": {"type": "PathPrefix", "value": "/"}}),
        "/ops is exposed",
    ),
    "a route forgotten": (lambda d: _routes(d).pop(0), "/v1/generation is not exposed"),
    "a load balancer past the Gateway": (
        lambda d: _find(d, "Service api")["spec"].update(type="LoadBalancer"),
        "past the Gateway",
    ),
    "nothing denied": (lambda d: _without(d, "NetworkPolicy deny-all"), "nothing denies"),
    "no names": (lambda d: _without(d, "NetworkPolicy dns"), "port 53, is denied"),
    "no store": (lambda d: _policy(d, "store").update(egress=[]), "port 6379, is denied"),
    "a way out for the API": (
        lambda d: _policy(d, "cloud").update(podSelector={}),
        "Egress of api, 142.250.1.1 port 443, is allowed",
    ),
    "an alert on no metric": (
        lambda d: _first_rule(d, "Rules anirec").update(expr="anirec_age_seconds > 1"),
        "which nobody counts",
    ),
}


@pytest.mark.parametrize("what", BREAKAGES)
def test_what_is_broken_is_caught(rendered, what):
    break_it, message = BREAKAGES[what]
    broken = copy.deepcopy(rendered["prod"])
    break_it(broken)

    assert message in "\n".join(problems(broken))


def test_arguments_of_a_backfill_are_changed_as_the_documentation_says(rendered):
    template = job_of(_find(rendered["prod"], "CronJob backfill"))
    arguments = ["backfill", "--since", "2h", "--wait", "--json"]
    path = "/spec/template/spec/containers/0/args"
    patch = json.dumps([{"op": "replace", "path": path, "value": arguments}])

    done = subprocess.run(
        ["kubectl", "patch", "--local", "-f", "-", "--type=json", "-o", "json", "-p", patch],
        input=json.dumps(template), capture_output=True, text=True, check=True,
    )  # fmt: skip

    [container] = json.loads(done.stdout)["spec"]["template"]["spec"]["containers"]
    assert container["args"] == arguments


def test_a_deployment_without_a_digest_is_refused():
    done = _render("prod", API_DIGEST="latest")

    assert done.returncode == 2
    assert "API_DIGEST must be the digest" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("name", ["", "my#project", "my-project\n- op: remove"])
def test_a_project_that_is_none_is_refused(name):
    assert _render("prod", PROJECT_ID=name).returncode == 2


@pytest.mark.parametrize(
    ("addresses", "wrong"),
    [
        ("10.20.0/16", "four numbers and a length"),
        ("10.20.0.0", "four numbers and a length"),
        ("10.20.0.0/16 or so", "four numbers and a length"),
        ("10.20.0.300/16", "300 is no number from 0 to 255"),
        ("010.20.0.0/16", "010 is no number from 0 to 255"),
        ("10.20.0.0/33", "the length 33 is no number from 0 to 32"),
    ],
)
def test_addresses_that_are_none_are_refused_with_what_is_wrong(addresses, wrong):
    done = _render("prod", STORE_CIDR=addresses)

    assert (done.returncode, done.stdout) == (2, "")
    assert wrong in done.stderr


def _render(overlay: str, **changed: str) -> subprocess.CompletedProcess[str]:
    command = [str(ROOT / "k8s" / "render.sh"), overlay]
    return subprocess.run(
        command, env=os.environ | SITE | changed, capture_output=True, text=True, check=False
    )
