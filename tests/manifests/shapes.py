"""Every document against a schema, strictly: Kubernetes' own, and ours for what it does not know.

Ours name exactly the fields that we use, so a slip of the pen is seen; what they mean is for the
operators' own documentation.
"""

from collections.abc import Iterator

import jsonschema
import kubernetes_validate

from tests.manifests import Document, job_of, name_of

KUBERNETES = "1.32"


def _record(required: dict[str, object], **optional: object) -> dict[str, object]:
    return {
        "type": "object",
        "required": list(required),
        "properties": required | optional,
        "additionalProperties": False,
    }


def _list(of: object) -> dict[str, object]:
    return {"type": "array", "items": of, "minItems": 1}


TEXT = {"type": "string", "minLength": 1}
WHOLE = {"type": "integer", "minimum": 0}
PORT = {"type": "integer", "minimum": 1, "maximum": 65535}
DURATION = {"type": "string", "pattern": "^[0-9]+[smh]$"}
TARGET = _record({"group": {"const": ""}, "kind": {"const": "Service"}, "name": TEXT})
LABELS = _record({"matchLabels": {"type": "object", "additionalProperties": TEXT}})
PATH = _record({"type": {"enum": ["Exact", "PathPrefix"]}, "value": {"pattern": "^/"}})
ALERT = _record(
    {
        "alert": {"pattern": "^[A-Z][A-Za-z]+$"},
        "expr": TEXT,
        "labels": _record({"severity": {"enum": ["page", "ticket"]}}),
        "annotations": _record({"summary": TEXT}),
    },
    **{"for": DURATION},
)
RULES = _record(
    {"groups": _list(_record({"name": TEXT, "interval": DURATION, "rules": _list(ALERT)}))}
)
TRIGGER = _record(
    {
        "type": {"const": "gcp-pubsub"},
        "metadata": _record(
            {
                "subscriptionName": TEXT,
                "mode": {"const": "SubscriptionSize"},
                "value": {"type": "string", "pattern": "^[0-9]+$"},
            }
        ),
        "authenticationRef": _record({"name": TEXT}),
    }
)

CUSTOM = {
    "gateway.networking.k8s.io/v1 Gateway": _record(
        {
            "gatewayClassName": TEXT,
            "addresses": _list(_record({"type": {"const": "NamedAddress"}, "value": TEXT})),
            "listeners": _list(
                _record(
                    {
                        "name": TEXT,
                        "protocol": {"const": "HTTPS"},
                        "port": PORT,
                        "hostname": TEXT,
                        "allowedRoutes": _record(
                            {"namespaces": _record({"from": {"const": "Same"}})}
                        ),
                    }
                )
            ),
        }
    ),
    "gateway.networking.k8s.io/v1 HTTPRoute": _record(
        {
            "parentRefs": _list(_record({"name": TEXT, "sectionName": TEXT})),
            "hostnames": _list(TEXT),
            "rules": _list(
                _record(
                    {
                        "matches": _list(_record({"path": PATH})),
                        "backendRefs": _list(_record({"name": TEXT, "port": PORT})),
                    }
                )
            ),
        }
    ),
    "networking.gke.io/v1 HealthCheckPolicy": _record(
        {
            "targetRef": TARGET,
            "default": _record(
                {
                    "checkIntervalSec": WHOLE,
                    "timeoutSec": WHOLE,
                    "unhealthyThreshold": WHOLE,
                    "config": _record(
                        {
                            "type": {"const": "HTTP"},
                            "httpHealthCheck": _record({"port": PORT, "requestPath": TEXT}),
                        }
                    ),
                }
            ),
        }
    ),
    "networking.gke.io/v1 GCPBackendPolicy": _record(
        {
            "targetRef": TARGET,
            "default": _record(
                {
                    "timeoutSec": WHOLE,
                    "connectionDraining": _record({"drainingTimeoutSec": WHOLE}),
                }
            ),
        }
    ),
    "monitoring.googleapis.com/v1 PodMonitoring": _record(
        {
            "selector": LABELS,
            "endpoints": _list(_record({"port": TEXT, "path": TEXT, "interval": DURATION})),
        }
    ),
    "monitoring.googleapis.com/v1 Rules": RULES,
    "monitoring.googleapis.com/v1 GlobalRules": RULES,
    "external-secrets.io/v1 SecretStore": _record(
        {"provider": _record({"gcpsm": _record({"projectID": TEXT})})}
    ),
    "external-secrets.io/v1 ExternalSecret": _record(
        {
            "refreshInterval": DURATION,
            "secretStoreRef": _record({"kind": {"const": "SecretStore"}, "name": TEXT}),
            "target": _record({"name": TEXT, "creationPolicy": {"const": "Owner"}}),
            "data": _list(_record({"secretKey": TEXT, "remoteRef": _record({"key": TEXT})})),
        }
    ),
    "keda.sh/v1alpha1 TriggerAuthentication": _record(
        {"podIdentity": _record({"provider": {"const": "gcp"}})}
    ),
    "keda.sh/v1alpha1 ScaledJob": _record(
        {
            "pollingInterval": WHOLE,
            "minReplicaCount": WHOLE,
            "maxReplicaCount": WHOLE,
            "successfulJobsHistoryLimit": WHOLE,
            "failedJobsHistoryLimit": WHOLE,
            "triggers": _list(TRIGGER),
            "jobTargetRef": {"type": "object"},  # checked as the Job that it becomes
        }
    ),
}


def problems(documents: list[Document]) -> Iterator[str]:
    """One line for every document that is not as its schema says."""
    for one in documents:
        schema = CUSTOM.get(f"{one['apiVersion']} {one['kind']}")
        if schema is None:
            yield from _of_kubernetes(one)
            continue
        for error in jsonschema.Draft202012Validator(schema).iter_errors(one["spec"]):
            yield f"{name_of(one)}: {error.json_path}: {error.message}"
        if job := job_of(one):
            yield from _of_kubernetes(job)


def _of_kubernetes(document: Document) -> Iterator[str]:
    try:
        kubernetes_validate.validate(document, KUBERNETES, strict=True)
    except kubernetes_validate.SchemaNotFoundError as error:
        yield f"{name_of(document)}: {error.message}"
    except kubernetes_validate.ValidationError as error:
        yield f"{name_of(document)}: {error.message}"
