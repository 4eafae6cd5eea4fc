"""What is wrong with Kubernetes manifests: schemas, and what schemas cannot see."""

import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

Document = dict[str, Any]
ROOT = Path(__file__).parents[2]
SITE = {
    "API_DIGEST": "sha256:" + "a" * 64,
    "BATCH_DIGEST": "sha256:" + "b" * 64,
    "PROJECT_ID": "some-project",
    "API_HOST": "api.example.org",
    "STORE_CIDR": "10.20.0.0/16",
}


def render(overlay: str) -> list[Document]:
    """The documents of an overlay, as they would be applied."""
    command = [str(ROOT / "k8s" / "render.sh"), overlay]
    done = subprocess.run(
        command, env=os.environ | SITE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def name_of(document: Document) -> str:
    return f"{document['kind']} {document['metadata']['name']}"


def of_kind(documents: list[Document], *kinds: str) -> list[Document]:
    return [one for one in documents if one["kind"] in kinds]


def job_of(document: Document) -> Document | None:
    """The Job that a document makes, as it would be sent."""
    spec = {
        "CronJob": lambda: document["spec"]["jobTemplate"]["spec"],
        "ScaledJob": lambda: document["spec"]["jobTargetRef"],
    }.get(document["kind"])
    if spec is None:
        return None
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": document["metadata"],
        "spec": spec(),
    }


def workloads(documents: list[Document]) -> list[tuple[Document, Document]]:
    """Every document that makes pods, with the template of its pods."""
    found = []
    for one in documents:
        owner = job_of(one) or one
        if "template" in owner.get("spec", {}):
            found.append((one, owner["spec"]["template"]))
    return found


def containers(documents: list[Document]) -> list[tuple[str, Document]]:
    """Every container, with a name to find it by."""
    return [
        (f"{name_of(owner)}: container {one['name']}", one)
        for owner, template in workloads(documents)
        for one in template["spec"]["containers"] + template["spec"].get("initContainers", [])
    ]


def is_ours(container: Document) -> bool:
    return "anirec-" in container["image"]


def selects(selector: Document, labels: dict[str, str]) -> bool:
    """Whether a label selector (matchLabels, matchExpressions with In) selects labels."""
    wanted = selector.get("matchLabels", {})
    some = selector.get("matchExpressions", [])
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        labels.get(one["key"]) in one["values"] for one in some
    )


def settings_of(documents: list[Document], container: Document) -> dict[str, str]:
    """The environment that manifests give a container, but for what is in secrets."""
    maps = {one["metadata"]["name"]: one["data"] for one in of_kind(documents, "ConfigMap")}
    found: dict[str, str] = {}
    for source in container.get("envFrom", []):
        found |= maps.get(source.get("configMapRef", {}).get("name"), {})
    return found | {one["name"]: one.get("value", "") for one in container.get("env", [])}
