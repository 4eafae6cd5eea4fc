#!/bin/sh
# Apply the release before the last deploy again: its manifests, from Git, with its digests.
# CronJobs and settings go back too, which `kubectl rollout undo` would leave as they are.
. "$(dirname "$0")/common.sh"
[ -s "$digests/before" ] || fail "no release before this one is noted in $digests/before: fix forward, or kubectl rollout undo"
read -r commit API_DIGEST BATCH_DIGEST <"$digests/before" || [ -n "$commit" ]
export API_DIGEST BATCH_DIGEST

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
git archive "$commit" k8s | tar -x -C "$folder"
manifests=$(sh "$folder/k8s/render.sh" "${OVERLAY:-prod}")
printf '%s\n' "$manifests" | run kubectl apply -f -
run kubectl --namespace anirec annotate --overwrite deployment/api "anirec/release=$commit $API_DIGEST $BATCH_DIGEST"
run kubectl --namespace anirec rollout status deployment/api --timeout=10m
run kubectl --namespace anirec rollout status deployment/worker --timeout=10m
