#!/bin/sh
# Everything on Google Cloud that the prod overlay needs, made where it is not there yet:
#   PROJECT_ID=my-project API_HOST=api.example.org BILLING_ACCOUNT=012345-6789AB-CDEF01 \
#       k8s/gke/up.sh [--dry-run]
# Also read: REGION (europe-west1), STORE_GB (5), BUDGET (300USD a month), CHANNEL (of alerts).
# It may be run again at any time; what is there is left as it is.
set -eu
here=$(dirname "$0")
# shellcheck source-path=SCRIPTDIR source=project.sh
. "$here/project.sh"
[ -z "$WITH_DATA" ] || fail "unknown argument --with-data"
[ -n "${API_HOST:-}" ] || fail "API_HOST must be the host name of the API"
[ -n "${BILLING_ACCOUNT:-}" ] || fail "BILLING_ACCOUNT must be the account that the project is billed to"

apis() {
    run gcloud services enable artifactregistry.googleapis.com billingbudgets.googleapis.com \
        certificatemanager.googleapis.com compute.googleapis.com container.googleapis.com \
        iam.googleapis.com monitoring.googleapis.com networkconnectivity.googleapis.com \
        pubsub.googleapis.com redis.googleapis.com secretmanager.googleapis.com \
        servicenetworking.googleapis.com storage.googleapis.com
}

# Nodes in 10.10/20, stores in 10.20/16 (the STORE_CIDR of the manifests), the way out by NAT.
network() {
    exists gcloud compute networks describe anirec ||
        run gcloud compute networks create anirec --subnet-mode=custom
    subnet anirec 10.10.0.0/20
    subnet anirec-ratings 10.20.16.0/24
    exists gcloud compute addresses describe anirec-store --global ||
        run gcloud compute addresses create anirec-store --global --purpose=VPC_PEERING \
            --addresses=10.20.0.0 --prefix-length=20 --network=anirec
    any gcloud services vpc-peerings list --network=anirec ||
        run gcloud services vpc-peerings connect --service=servicenetworking.googleapis.com \
            --ranges=anirec-store --network=anirec
    exists gcloud compute routers describe anirec --region="$REGION" ||
        run gcloud compute routers create anirec --region="$REGION" --network=anirec
    exists gcloud compute routers nats describe anirec --router=anirec --region="$REGION" ||
        run gcloud compute routers nats create anirec --router=anirec --region="$REGION" \
            --auto-allocate-nat-external-ips --nat-all-subnet-ip-ranges
}

subnet() {
    exists gcloud compute networks subnets describe "$1" --region="$REGION" ||
        run gcloud compute networks subnets create "$1" --region="$REGION" --network=anirec \
            --range="$2" --enable-private-ip-google-access
}

cluster() {
    exists gcloud container clusters describe anirec --region="$REGION" ||
        run gcloud container clusters create-auto anirec --region="$REGION" --network=anirec \
            --subnetwork=anirec --release-channel=regular --enable-private-nodes
}

# Lists can be made again: a replica is enough. Ratings cannot: an append-only file, synced each second.
stores() {
    exists gcloud redis instances describe anirec-lists --region="$REGION" ||
        run gcloud redis instances create anirec-lists --region="$REGION" --tier=standard \
            --size="${STORE_GB:-5}" --redis-version=redis_7_2 --network="$NETWORK" \
            --connect-mode=private-service-access --enable-auth \
            --transit-encryption-mode=server-authentication \
            --redis-config=maxmemory-policy=noeviction
    exists gcloud network-connectivity service-connection-policies describe anirec-ratings \
        --region="$REGION" ||
        run gcloud network-connectivity service-connection-policies create anirec-ratings \
            --region="$REGION" --network=anirec --service-class=gcp-memorystore-redis \
            --subnets="projects/$PROJECT_ID/regions/$REGION/subnetworks/anirec-ratings"
    exists gcloud redis clusters describe anirec-ratings --region="$REGION" ||
        run gcloud redis clusters create anirec-ratings --region="$REGION" --network="$NETWORK" \
            --shard-count=1 --replica-count=1 --node-type=redis-standard-small \
            --persistence-mode=aof --aof-append-fsync=everysec --deletion-protection \
            --transit-encryption-mode=server-authentication \
            --redis-config=maxmemory-policy=noeviction
}

bucket() {
    exists gcloud storage buckets describe "$BUCKET" ||
        run gcloud storage buckets create "$BUCKET" --location="$REGION" \
            --uniform-bucket-level-access --public-access-prevention --soft-delete-duration=30d
}

events() {
    for topic in anirec-data anirec-dead; do
        exists gcloud pubsub topics describe "$topic" || run gcloud pubsub topics create "$topic"
    done
    exists gcloud pubsub subscriptions describe anirec-listen ||
        run gcloud pubsub subscriptions create anirec-listen --topic=anirec-data \
            --ack-deadline=60 --message-retention-duration=7d --expiration-period=never \
            --dead-letter-topic=anirec-dead --max-delivery-attempts=50
    exists gcloud pubsub subscriptions describe anirec-dead-look ||
        run gcloud pubsub subscriptions create anirec-dead-look --topic=anirec-dead \
            --expiration-period=never
    number=PROJECT_NUMBER
    [ -n "$DRY" ] || number=$(gcloud projects describe "$PROJECT_ID" --format='value(projectNumber)')
    pubsub=serviceAccount:service-$number@gcp-sa-pubsub.iam.gserviceaccount.com
    may_publish anirec-data "serviceAccount:service-$number@gs-project-accounts.iam.gserviceaccount.com"
    may_publish anirec-dead "$pubsub"
    may_publish anirec-dead "serviceAccount:$BATCH"
    may_subscribe "$pubsub"
    may_subscribe "serviceAccount:$BATCH"
    any gcloud storage buckets notifications list "$BUCKET" ||
        run gcloud storage buckets notifications create "$BUCKET" --topic=anirec-data \
            --event-types=OBJECT_FINALIZE --object-prefix=incoming/ --skip-topic-setup
}

may_publish() {
    run gcloud pubsub topics add-iam-policy-binding "$1" --member="$2" --role=roles/pubsub.publisher
}

may_subscribe() {
    run gcloud pubsub subscriptions add-iam-policy-binding anirec-listen --member="$1" \
        --role=roles/pubsub.subscriber
}

images() {
    exists gcloud artifacts repositories describe gcr.io --location=us ||
        run gcloud artifacts repositories create gcr.io --location=us --repository-format=docker
}

account() {
    exists gcloud iam service-accounts describe "$BATCH" ||
        run gcloud iam service-accounts create anirec-batch
}

# Who may do what: our jobs, and the operators by their accounts in the cluster.
rights() {
    run gcloud storage buckets add-iam-policy-binding "$BUCKET" \
        --member="serviceAccount:$BATCH" --role=roles/storage.objectUser
    run gcloud iam service-accounts add-iam-policy-binding "$BATCH" \
        --member="serviceAccount:${POOL}[anirec/anirec-batch]" --role=roles/iam.workloadIdentityUser
    for operator in keda/sa/keda-operator custom-metrics/sa/custom-metrics-stackdriver-adapter; do
        run gcloud projects add-iam-policy-binding "$PROJECT_ID" --condition=None \
            --member="$(principal "$operator")" --role=roles/monitoring.viewer
    done
    for secret in $SECRETS; do
        run gcloud secrets add-iam-policy-binding "$secret" \
            --member="$(principal external-secrets/sa/external-secrets)" \
            --role=roles/secretmanager.secretAccessor
    done
}

principal() {
    echo "principal://iam.googleapis.com/projects/$number/locations/global/workloadIdentityPools/$POOL/subject/ns/$1"
}

# Addresses of stores, with their passwords, go from Memorystore to Secret Manager and nowhere else.
secrets() {
    for secret in $SECRETS; do
        exists gcloud secrets describe "$secret" ||
            run gcloud secrets create "$secret" --replication-policy=automatic
    done
    fill anirec-store lists_address
    fill anirec-ratings-store ratings_address
    fill anirec-store-ca authorities
}

# Unless secret $1 has a value, give it what the function $2 prints.
fill() {
    any gcloud secrets versions list "$1" --limit=1 && return
    printf '+ %s | gcloud secrets versions add %s --data-file=-\n' "$2" "$1"
    [ -z "$DRY" ] || return 0
    value=$("$2")
    printf '%s' "$value" | gcloud secrets versions add "$1" --data-file=-
}

lists_address() {
    host=$(gcloud redis instances describe anirec-lists --region="$REGION" --format='value(host)')
    password=$(gcloud redis instances get-auth-string anirec-lists --region="$REGION" \
        --format='value(authString)')
    echo "rediss://:$password@$host:6378/0?ssl_ca_certs=/etc/anirec/store/ca.pem"
}

ratings_address() {
    host=$(gcloud redis clusters describe anirec-ratings --region="$REGION" \
        --format='value(discoveryEndpoints[0].address)')
    echo "rediss+cluster://$host:6379?ssl_ca_certs=/etc/anirec/store/ca.pem"
}

authorities() {
    gcloud redis instances describe anirec-lists --region="$REGION" \
        --format='value[delimiter="\n"](serverCaCerts[].cert)'
    gcloud redis clusters get-cluster-certificate-authority anirec-ratings --region="$REGION" \
        --format='value[delimiter="\n"](managedServerCa.caCerts[].certificates[])'
}

front() {
    exists gcloud compute addresses describe anirec --global ||
        run gcloud compute addresses create anirec --global
    exists gcloud certificate-manager dns-authorizations describe anirec ||
        run gcloud certificate-manager dns-authorizations create anirec --domain="$API_HOST"
    exists gcloud certificate-manager certificates describe anirec ||
        run gcloud certificate-manager certificates create anirec --domains="$API_HOST" \
            --dns-authorizations=anirec
    exists gcloud certificate-manager maps describe anirec ||
        run gcloud certificate-manager maps create anirec
    exists gcloud certificate-manager maps entries describe anirec --map=anirec ||
        run gcloud certificate-manager maps entries create anirec --map=anirec \
            --certificates=anirec --hostname="$API_HOST"
}

watch() {
    any gcloud billing budgets list --billing-account="$BILLING_ACCOUNT" \
        --filter="displayName=anirec-$PROJECT_ID" --format='value(name)' ||
        run gcloud billing budgets create --billing-account="$BILLING_ACCOUNT" \
            --display-name="anirec-$PROJECT_ID" --budget-amount="${BUDGET:-300USD}" \
            --filter-projects="projects/$PROJECT_ID" --threshold-rule=percent=0.5 \
            --threshold-rule=percent=0.9 --threshold-rule=percent=1.0,basis=forecasted-spend
    any gcloud alpha monitoring policies list --filter='displayName="anirec: a Job failed"' \
        --format='value(name)' ||
        run gcloud alpha monitoring policies create --policy-from-file="$here/failed-jobs.json" \
            ${CHANNEL:+"--notification-channels=$CHANNEL"}
}

apis
network
cluster
stores
bucket
account
events
images
secrets
rights
front
watch
echo "Next: a DNS record for $API_HOST, the operators, the first deployment: docs/operations.md, Kubernetes"
