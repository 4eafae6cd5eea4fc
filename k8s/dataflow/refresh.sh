#!/bin/sh
# A refresh whose pipelines run on Dataflow. DRY_RUN=1 prints the command and starts nothing.
set -eu
: "${PROJECT:?the Google Cloud project}"
: "${REGION:?such as europe-west1}"
: "${BUCKET:?for staging, without gs://}"
: "${IMAGE:?of the batch image, by digest: REGISTRY/anirec-batch@sha256:...}"
: "${ANIREC_DATA:?folder of the data}"
: "${ANIREC_ARTIFACTS:?folder that this machine and all workers mount under the same path}"
: "${ANIREC_STORE:?address of a Redis that workers reach}"

${DRY_RUN:+echo} anirec refresh --data "$ANIREC_DATA" --artifacts "$ANIREC_ARTIFACTS" --store "$ANIREC_STORE" \
    --runner DataflowRunner --json -- \
    --project="$PROJECT" --region="$REGION" \
    --temp_location="gs://$BUCKET/dataflow/tmp" --staging_location="gs://$BUCKET/dataflow/staging" \
    --job_name="anirec-refresh" \
    --sdk_container_image="$IMAGE" --sdk_location=container \
    --machine_type="${MACHINE:-n2-highmem-4}" --max_num_workers="${WORKERS:-20}" \
    --number_of_worker_harness_threads=1 --experiments=no_use_multiple_sdk_containers \
    --no_use_public_ips --service_account_email="${SERVICE_ACCOUNT:-anirec-batch@$PROJECT.iam.gserviceaccount.com}"
