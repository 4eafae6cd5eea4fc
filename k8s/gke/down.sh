#!/bin/sh
# Take away what up.sh made; what is gone already is passed over:
#   PROJECT_ID=my-project BILLING_ACCOUNT=… CONFIRM=my-project k8s/gke/down.sh [--with-data] [--dry-run]
# First `kubectl delete namespace anirec`, or the load balancer outlives the cluster that it belongs to.
# Without --with-data the bucket (models, ratings) and the store of ratings stay, with their network.
set -eu
here=$(dirname "$0")
# shellcheck source-path=SCRIPTDIR source=project.sh
. "$here/project.sh"
[ -n "${BILLING_ACCOUNT:-}" ] || fail "BILLING_ACCOUNT must be the account that the project is billed to"
[ -n "$DRY" ] || [ "${CONFIRM:-}" = "$PROJECT_ID" ] ||
    fail "this deletes the cluster of $PROJECT_ID: set CONFIRM=$PROJECT_ID to mean it"

# Delete what `gcloud $1 describe …` finds; the rest of the arguments are for both commands.
gone() {
    # shellcheck disable=SC2086  # a command of several words
    {
        kind=$1
        shift
        if [ -n "$DRY" ] || exists gcloud $kind describe "$@"; then
            run gcloud $kind delete "$@"
        fi
    }
}

# Delete what a list shows by name: $1 is the command, the rest is for listing.
listed() {
    # shellcheck disable=SC2086
    {
        kind=$1
        shift
        found=NAME
        [ -n "$DRY" ] || found=$(gcloud $kind list "$@" --format='value(name)')
        for name in $found; do
            run gcloud $kind delete "$name"
        done
    }
}

listed 'alpha monitoring policies' --filter='displayName="anirec: a Job failed"'
listed 'billing budgets' --billing-account="$BILLING_ACCOUNT" --filter="displayName=anirec-$PROJECT_ID"
gone 'container clusters' anirec --region="$REGION"
gone 'certificate-manager maps entries' anirec --map=anirec
gone 'certificate-manager maps' anirec
gone 'certificate-manager certificates' anirec
gone 'certificate-manager dns-authorizations' anirec
gone 'compute addresses' anirec --global
gone 'redis instances' anirec-lists --region="$REGION"
gone 'pubsub subscriptions' anirec-listen
gone 'pubsub subscriptions' anirec-dead-look
gone 'pubsub topics' anirec-data
gone 'pubsub topics' anirec-dead
gone secrets anirec-store
gone secrets anirec-ratings-store
gone secrets anirec-store-ca
gone secrets anirec-comet
gone 'iam service-accounts' "$BATCH"
if [ -z "$WITH_DATA" ]; then
    echo "Kept: $BUCKET, the store of ratings and its network, and images; --with-data deletes these too"
    exit
fi
if [ -n "$DRY" ] || exists gcloud redis clusters describe anirec-ratings --region="$REGION"; then
    run gcloud redis clusters update anirec-ratings --region="$REGION" --no-deletion-protection
fi
gone 'redis clusters' anirec-ratings --region="$REGION"
if [ -n "$DRY" ] || exists gcloud storage buckets describe "$BUCKET"; then
    run gcloud storage rm --recursive "$BUCKET"
fi
gone 'artifacts repositories' gcr.io --location=us
gone 'network-connectivity service-connection-policies' anirec-ratings --region="$REGION"
gone 'compute routers' anirec --region="$REGION"
if [ -n "$DRY" ] || any gcloud services vpc-peerings list --network=anirec; then
    run gcloud services vpc-peerings delete --service=servicenetworking.googleapis.com --network=anirec
fi
gone 'compute addresses' anirec-store --global
gone 'compute networks subnets' anirec-ratings --region="$REGION"
gone 'compute networks subnets' anirec --region="$REGION"
gone 'compute networks' anirec
