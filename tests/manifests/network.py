"""Who finds whom, and who may talk to whom."""

import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path

from api.routes import ROUTES
from tests.manifests import (
    ROOT,
    SITE,
    Document,
    containers,
    name_of,
    of_kind,
    selects,
    settings_of,
    workloads,
)

PRIVATE = {"/metrics", "/healthz", "/readyz"}
"""Routes that are nobody's business outside of the cluster, as is everything below /ops."""
CLUSTER_DNS = {"kubernetes.io/metadata.name": "kube-system"}
COLLECTORS = {"kubernetes.io/metadata.name": "gke-gmp-system"}
LOAD_BALANCER, INTERNET, METADATA = "35.191.0.1", "142.250.1.1", "169.254.169.254"
Peer = dict[str, str] | str
"""Labels of a pod or of a namespace, or an address."""


def selectors(documents: list[Document]) -> Iterator[str]:
    """Selectors find pods."""
    pods = [template["metadata"]["labels"] for _, template in workloads(documents)]
    for owner, template in workloads(documents):
        own = owner["spec"].get("selector")
        if own and not selects(own, template["metadata"]["labels"]):
            yield f"{name_of(owner)}: its selector does not match its own pods"
        for one in template["spec"].get("topologySpreadConstraints", []):
            if not selects(one["labelSelector"], template["metadata"]["labels"]):
                yield f"{name_of(owner)}: spreads other pods than its own"
    for one in of_kind(documents, "Service", "PodDisruptionBudget", "PodMonitoring"):
        if not any(selects(_selector(one), labels) for labels in pods):
            yield f"{name_of(one)}: selects no pod"
    for one in of_kind(documents, "NetworkPolicy"):
        if not any(selects(one["spec"]["podSelector"], labels) for labels in pods):
            yield f"{name_of(one)}: selects no pod"


def _selector(document: Document) -> Document:
    found = document["spec"]["selector"]
    return {"matchLabels": found} if document["kind"] == "Service" else found


def ports(documents: list[Document]) -> Iterator[str]:
    """Whoever names a port names one that is there, and programs listen on those declared."""
    for owner in of_kind(documents, "Service", "PodMonitoring"):
        there = _ports_of(documents, _selector(owner))
        asked = [one.get("targetPort") for one in owner["spec"].get("ports", [])]
        asked += [one["port"] for one in owner["spec"].get("endpoints", [])]
        for port in asked:
            if port not in there:
                yield f"{name_of(owner)}: its pods have no port {port}"
    for where, one in containers(documents):
        given = settings_of(documents, one)
        declared = {port["name"]: port["containerPort"] for port in one.get("ports", [])}
        for name, setting in (("http", "ANIREC_PORT"), ("metrics", "ANIREC_WORKER_METRICS_PORT")):
            if (name in declared or setting in given) and str(declared.get(name)) != given.get(
                setting
            ):
                yield f"{where}: port {name} is not {setting}"
    yield from _ports_of_routes(documents)


def _ports_of(documents: list[Document], selector: Document) -> set[str | int]:
    return {
        value
        for _, template in workloads(documents)
        if selects(selector, template["metadata"]["labels"])
        for container in template["spec"]["containers"]
        for port in container.get("ports", [])
        for value in (port["name"], port["containerPort"])
    }


def _ports_of_routes(documents: list[Document]) -> Iterator[str]:
    services = {one["metadata"]["name"]: one for one in of_kind(documents, "Service")}
    for route in of_kind(documents, "HTTPRoute"):
        for backend in (one for rule in route["spec"]["rules"] for one in rule["backendRefs"]):
            service = services.get(backend["name"], {"spec": {"ports": []}})
            if backend["port"] not in {one["port"] for one in service["spec"]["ports"]}:
                yield f"{name_of(route)}: no Service {backend['name']} on {backend['port']}"
    paths = {route.path for route in ROUTES}
    for check in of_kind(documents, "HealthCheckPolicy"):
        asked = check["spec"]["default"]["config"]["httpHealthCheck"]
        service = services.get(check["spec"]["targetRef"]["name"])
        if service is None or asked["port"] not in _ports_of(documents, _selector(service)):
            yield f"{name_of(check)}: asks port {asked['port']}, where nobody listens"
        if asked["requestPath"] not in paths:
            yield f"{name_of(check)}: asks {asked['requestPath']}, which is no route"


def public_routes(documents: list[Document]) -> Iterator[str]:
    """The load balancer lets through what is for everybody, and nothing else."""
    found = of_kind(documents, "HTTPRoute")
    matches = [
        one["path"] for route in found for rule in route["spec"]["rules"] for one in rule["matches"]
    ]
    for path in sorted({route.path for route in ROUTES} | PRIVATE | {"/ops"}) if found else []:
        private = path in PRIVATE or path == "/ops" or path.startswith("/ops/")
        shown = any(_matches(one, path) for one in matches)
        if shown == private:
            yield f"HTTPRoute: {path} is {'exposed' if shown else 'not exposed'}"
    if of_kind(documents, "Ingress"):
        yield "an Ingress goes round the HTTPRoute"
    for service in of_kind(documents, "Service"):
        if service["spec"].get("type", "ClusterIP") != "ClusterIP":
            yield f"{name_of(service)}: can be reached past the Gateway"


def _matches(match: Document, path: str) -> bool:
    value = match["value"].rstrip("/")
    if match["type"] == "Exact":
        return path == match["value"]
    return path == value or path.startswith(f"{value}/")


def policies(documents: list[Document]) -> Iterator[str]:
    """Denied by default; what is needed is allowed; what would be a way out is not."""
    closed = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    if closed not in [one["spec"] for one in of_kind(documents, "NetworkPolicy")]:
        yield "NetworkPolicy: nothing denies by default"
    for direction, pod, peer, port, wanted in _traffic(documents):
        if _allowed(documents, direction, pod, peer, port) != wanted:
            said = "denied" if wanted else "allowed"
            name = pod["app.kubernetes.io/name"]
            yield f"NetworkPolicy: {direction} of {name}, {peer} port {port}, is {said}"


def _traffic(documents: list[Document]) -> Iterator[tuple[str, dict[str, str], Peer, int, bool]]:
    """Direction, labels of a pod, whom it talks to, the port, and whether it should."""
    pods = {one["metadata"]["name"]: t["metadata"]["labels"] for one, t in workloads(documents)}
    in_cloud = bool(of_kind(documents, "Gateway"))
    redis = pods.get("redis")
    users = [one for name, one in pods.items() if name not in ("redis", "sample")]
    for labels in users:
        yield "Egress", labels, CLUSTER_DNS, 53, True
        if redis:
            yield "Egress", labels, redis, 6379, True
            yield "Ingress", redis, labels, 6379, True
        else:
            address = SITE["STORE_CIDR"].partition("/")[0]
            for port in (6378, 6379, 11000, 13047):
                yield "Egress", labels, address, port, True
        batch = labels["app.kubernetes.io/name"] != "api"
        yield "Egress", labels, INTERNET, 443, in_cloud and batch
        yield "Egress", labels, METADATA, 80, in_cloud and batch
        yield "Egress", labels, "10.99.0.1", 443, False  # another network of ours
        yield "Egress", labels, INTERNET, 80, False
    yield "Ingress", pods["api"], INTERNET, 8080, False
    yield "Ingress", pods["api"], LOAD_BALANCER, 8080, in_cloud
    yield "Ingress", pods["api"], COLLECTORS, 8080, in_cloud
    yield "Ingress", pods["worker"], COLLECTORS, 9090, in_cloud
    yield "Ingress", pods["worker"], LOAD_BALANCER, 9090, False


def _allowed(
    documents: list[Document], way: str, pod: dict[str, str], peer: Peer, port: int
) -> bool:
    """Whether any policy lets a pod talk to somebody, in one direction."""
    field, ends = ("egress", "to") if way == "Egress" else ("ingress", "from")
    return any(
        any(_is_peer(one, peer) for one in rule[ends]) and _is_port(rule["ports"], port)
        for policy in of_kind(documents, "NetworkPolicy")
        if way in policy["spec"]["policyTypes"] and selects(policy["spec"]["podSelector"], pod)
        for rule in policy["spec"].get(field, [])
    )


def _is_peer(allowed: Document, peer: Peer) -> bool:
    if isinstance(peer, str):
        block = allowed.get("ipBlock")
        address = ipaddress.ip_address(peer)
        return block is not None and (
            address in ipaddress.ip_network(block["cidr"])
            and not any(address in ipaddress.ip_network(one) for one in block.get("except", []))
        )
    found = allowed.get("podSelector") or allowed.get("namespaceSelector")
    return found is not None and selects(found, peer)


def _is_port(allowed: list[Document], port: int) -> bool:
    return any(one["port"] <= port <= one.get("endPort", one["port"]) for one in allowed)


def alerts(documents: list[Document]) -> Iterator[str]:
    """Alerts ask for metrics that the programs have."""
    known = {
        name
        for file in (ROOT / "api" / "metrics.py", ROOT / "batch" / "worker" / "metrics.py")
        for name in re.findall(r'"(anirec_[a-z_]+)"', Path(file).read_text())
    }
    for one in of_kind(documents, "Rules", "GlobalRules"):
        for rule in (rule for group in one["spec"]["groups"] for rule in group["rules"]):
            for name in re.findall(r"anirec_[a-z_]+", rule["expr"]):
                if not {name, re.sub("_(total|count|sum|bucket)$", "", name)} & known:
                    yield f"{name_of(one)}: {rule['alert']} asks for {name}, which nobody counts"
            if rule["expr"].count("(") != rule["expr"].count(")"):
                yield f"{name_of(one)}: {rule['alert']} has an open bracket"


CHECKS = (selectors, ports, public_routes, policies, alerts)
