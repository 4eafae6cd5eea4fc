"""Pods: images, limits, restrictions, probes, settings, volumes, graceful ends."""

import re
from collections.abc import Iterator

import click

from api.routes import ROUTES
from api.settings import _READERS, from_env
from jobs.cli import anirec
from schemas.errors import SettingsError
from tests.manifests import (
    Document,
    containers,
    is_ours,
    name_of,
    of_kind,
    settings_of,
    workloads,
)

ELSEWHERE = {"ANIREC_EMBEDDED", "COMET_API_KEY", "REDISCLI_AUTH"}
"""Settings that are read by no option, or by other people's programs."""
SECRET = re.compile(r"(STORE|KEY|PASSWORD|TOKEN|AUTH)$")
STORES = {"ANIREC_STORE": "redis://x:6379/0", "ANIREC_RATINGS_STORE": "redis://x:6379/0"}
BODY_SECONDS = 10
RUN_AS = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
CLOSED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def images(documents: list[Document]) -> Iterator[str]:
    """Ours by digest, others by an exact version."""
    for where, one in containers(documents):
        by_digest = re.search(r"@sha256:(?!0{64})[0-9a-f]{64}$", one["image"])
        by_version = re.search(r":[0-9]+\.[0-9]+\.[0-9]+[-a-z0-9]*$", one["image"])
        if not (by_digest or (by_version and not is_ours(one))):
            yield f"{where}: image {one['image']} is not fixed by digest or version"


def resources(documents: list[Document]) -> Iterator[str]:
    for where, one in containers(documents):
        for kind in ("requests", "limits"):
            for what in ("cpu", "memory"):
                if what not in one.get("resources", {}).get(kind, {}):
                    yield f"{where}: no {what} in {kind}"


def restrictions(documents: list[Document]) -> Iterator[str]:
    """The restricted pod security standard, and a root file system that cannot be written."""
    for owner, template in workloads(documents):
        pod = template["spec"]
        context = pod.get("securityContext", {})
        if not context.get("runAsUser") or context | RUN_AS != context:
            yield f"{name_of(owner)}: the pod may run as root, or without seccomp"
        if pod.get("automountServiceAccountToken") is not False:
            yield f"{name_of(owner)}: a token of the cluster is mounted"
    for where, one in containers(documents):
        if one.get("securityContext") != CLOSED:
            yield f"{where}: securityContext is not {CLOSED}"


def writable(documents: list[Document]) -> Iterator[str]:
    """Programs of ours find a temporary folder, and start in a folder that they may write to."""
    for owner, template in workloads(documents):
        volumes = {one["name"]: one for one in template["spec"].get("volumes", [])}
        for one in filter(is_ours, template["spec"]["containers"]):
            empty = {
                mount["mountPath"]
                for mount in one.get("volumeMounts", [])
                if "emptyDir" in volumes.get(mount["name"], {})
            }
            for needed in ("/tmp", one.get("workingDir")):
                if needed not in empty:
                    yield f"{name_of(owner)}: {needed} is no emptyDir"


def volumes(documents: list[Document]) -> Iterator[str]:
    """What is mounted is declared, and what is declared as ours is there."""
    claims = {one["metadata"]["name"] for one in of_kind(documents, "PersistentVolumeClaim")}
    for owner, template in workloads(documents):
        templates = owner["spec"].get("volumeClaimTemplates", [])
        named = {one["metadata"]["name"] for one in templates}
        for one in template["spec"].get("volumes", []):
            named.add(one["name"])
            claim = one.get("persistentVolumeClaim", {}).get("claimName")
            if claim and claim not in claims:
                yield f"{name_of(owner)}: no PersistentVolumeClaim {claim}"
        for container in template["spec"]["containers"]:
            for mount in container.get("volumeMounts", []):
                if mount["name"] not in named:
                    yield f"{name_of(owner)}: no volume {mount['name']}"


def probes(documents: list[Document]) -> Iterator[str]:
    """What runs for ever is looked after, by routes that exist on ports that are declared."""
    paths = {route.path for route in ROUTES if route.method == "get"}
    for where, one in containers(documents):
        ports = {port["name"] for port in one.get("ports", [])}
        if ports and "livenessProbe" not in one:
            yield f"{where}: no livenessProbe"
        if "http" in ports and "readinessProbe" not in one:
            yield f"{where}: no readinessProbe"
        for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
            probe = one.get(kind, {})
            asked = probe.get("httpGet") or probe.get("tcpSocket")
            if asked and asked["port"] not in ports:
                yield f"{where}: {kind} asks port {asked['port']}, which is not declared"
            if "httpGet" in probe and asked["path"] not in paths:
                yield f"{where}: {kind} asks {asked['path']}, which is no route"


def settings(documents: list[Document]) -> Iterator[str]:
    """Every setting exists, may have its value, and is no secret; no embedded Redis anywhere."""
    known = {name for name, _ in _READERS.values()} | _of_options() | ELSEWHERE
    for where, one in containers(documents):
        given = settings_of(documents, one)
        for name in sorted(given.keys() - known):
            yield f"{where}: {name} is no setting"
        for name in sorted(given):
            if SECRET.search(name) and given[name]:
                yield f"{where}: {name} is a secret and must come from one"
        if is_ours(one):
            if given.get("ANIREC_EMBEDDED") != "0":
                yield f"{where}: ANIREC_EMBEDDED is not 0"
            yield from (f"{where}: {problem}" for problem in _misused(one, given))


def _of_options() -> set[str]:
    found: set[str] = set()
    context = click.Context(anirec)
    for name in anirec.list_commands(context):
        command = anirec.get_command(context, name)
        found |= {str(one.envvar) for one in command.params if getattr(one, "envvar", None)}
    return found


def _misused(container: Document, given: dict[str, str]) -> Iterator[str]:
    """What the program itself would say of its arguments and settings."""
    name, *arguments = container["args"]
    command = anirec.get_command(click.Context(anirec), name)
    if command is None:
        yield f"anirec has no command {name}"
        return
    for option in command.params:
        value = (given | STORES).get(str(getattr(option, "envvar", "")))
        if value and not any(one in arguments for one in option.opts):
            arguments += [option.opts[0], value]
    try:
        command.make_context(name, arguments)
        if name == "serve":
            from_env(given | STORES)
    except click.ClickException as error:
        yield error.format_message()
    except SettingsError as error:
        yield str(error)


def references(documents: list[Document]) -> Iterator[str]:
    """ConfigMaps and ServiceAccounts are there; secrets are in no manifest."""
    there = {name_of(one) for one in documents}
    yield from (f"{name_of(one)}: a secret in a manifest" for one in of_kind(documents, "Secret"))
    for owner, template in workloads(documents):
        account = template["spec"].get("serviceAccountName")
        if account and f"ServiceAccount {account}" not in there:
            yield f"{name_of(owner)}: no ServiceAccount {account}"
        for one in template["spec"]["containers"]:
            for source in one.get("envFrom", []):
                found = source.get("configMapRef", {}).get("name")
                if found and f"ConfigMap {found}" not in there:
                    yield f"{name_of(owner)}: no ConfigMap {found}"


def secrets(documents: list[Document]) -> Iterator[str]:
    """Where secrets are fetched from outside, every one that a pod names is, with known keys."""
    fetched = of_kind(documents, "ExternalSecret")
    known = {name for name, _ in _READERS.values()} | ELSEWHERE | {"ca.pem"}
    for one in fetched:
        for key in (entry["secretKey"] for entry in one["spec"]["data"]):
            if key not in known:
                yield f"{name_of(one)}: {key} is no setting"
    names = {one["spec"]["target"]["name"] for one in fetched}
    for owner, template in workloads(documents) if fetched else []:
        for name in sorted(_secrets_of(template["spec"]) - names):
            yield f"{name_of(owner)}: no ExternalSecret makes {name}"


def _secrets_of(pod: Document) -> set[str]:
    found = {one["secret"]["secretName"] for one in pod.get("volumes", []) if "secret" in one}
    for container in pod["containers"]:
        found |= {
            one["secretRef"]["name"] for one in container.get("envFrom", []) if "secretRef" in one
        }
    return found


def graceful_ends(documents: list[Document]) -> Iterator[str]:
    """The API is not killed while it still answers, and is told before it stops."""
    for owner, template in workloads(documents):
        for one in template["spec"]["containers"]:
            drain = settings_of(documents, one).get("ANIREC_DRAIN_SECONDS")
            if drain is None:
                continue
            pause = one["lifecycle"]["preStop"]["sleep"]["seconds"]
            needed = pause + float(drain) + BODY_SECONDS
            if needed >= template["spec"]["terminationGracePeriodSeconds"]:
                yield f"{name_of(owner)}: killed before {needed:g} s are over"
            for check in of_kind(documents, "HealthCheckPolicy"):
                notices = check["spec"]["default"]
                if notices["checkIntervalSec"] * notices["unhealthyThreshold"] >= float(drain):
                    yield f"{name_of(check)}: notices after ANIREC_DRAIN_SECONDS"


def spread(documents: list[Document]) -> Iterator[str]:
    """Copies of the API are on several machines, and one at a time goes for maintenance."""
    for owner, template in workloads(documents):
        if "topologySpreadConstraints" in template["spec"] and "replicas" in owner["spec"]:
            yield f"{name_of(owner)}: replicas fight with the HorizontalPodAutoscaler"
    scaled = [
        one["spec"]["scaleTargetRef"] for one in of_kind(documents, "HorizontalPodAutoscaler")
    ]
    for target in scaled:
        found = [
            template
            for owner, template in workloads(documents)
            if name_of(owner) == f"{target['kind']} {target['name']}"
        ]
        if not found:
            yield f"HorizontalPodAutoscaler: no {target['kind']} {target['name']}"
        for template in found:
            if "topologySpreadConstraints" not in template["spec"]:
                yield f"{target['name']}: nothing spreads its pods"


CHECKS = (
    images, resources, restrictions, writable, volumes, probes, settings, references, secrets,
    graceful_ends, spread,
)  # fmt: skip
