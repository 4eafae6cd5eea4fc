#!/bin/sh
# Apply k8s/overlays/prod with the pushed digests and wait: what runs then is what was tested.
# Needs kubectl's context, PROJECT_ID, API_HOST and STORE_CIDR (k8s/render.sh).
. "$(dirname "$0")/common.sh"
API_DIGEST=$(digest api)
BATCH_DIGEST=$(digest batch)
export API_DIGEST BATCH_DIGEST
mkdir -p "$digests"

manifests=$(sh k8s/render.sh "${OVERLAY:-prod}")
[ "${DRY_RUN:-}" = 1 ] || sh k8s/release/live.sh >"$digests/before"
printf '%s\n' "$manifests" | run kubectl apply -f -
run kubectl --namespace anirec annotate --overwrite deployment/api \
    "anirec/release=$(git rev-parse HEAD) $API_DIGEST $BATCH_DIGEST"
run kubectl --namespace anirec rollout status deployment/api --timeout=10m
run kubectl --namespace anirec rollout status deployment/worker --timeout=10m
